// `arc claim`: takes a claim, or says who has it.

import { takeCommand } from '../leases.js'

export default takeCommand('claim')
