// `arc unlock`: releases a lock on a file.

import { releaseCommand } from '../leases.js'

export default releaseCommand('unlock', 'lock on a file', 'The path, as all agents write it')
