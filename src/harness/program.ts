// One call of a hook, `dist/program/hook-call.cjs`, which `hook.cjs` loads.

import { main } from './main.js'

void main(process.argv.slice(2))
