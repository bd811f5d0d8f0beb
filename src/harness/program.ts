// The program that a harness runs: `node hook.cjs <harness> [EVENT] [--agent NAME]`.

import { main } from './main.js'

void main(process.argv.slice(2))
