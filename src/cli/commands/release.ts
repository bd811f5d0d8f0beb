// `arc release`: releases a claim.

import { releaseCommand } from '../leases.js'

export default releaseCommand('release')
