// `arc lock`: takes a lock on a file, or says who has it.

import { takeCommand } from '../leases.js'

export default takeCommand('lock')
