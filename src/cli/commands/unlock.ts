// `arc unlock`: releases a lock on a file.

import { releaseCommand } from '../leases.js'

export default releaseCommand('unlock')
