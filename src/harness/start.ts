// The program that a harness runs: `node hook.cjs <harness> [EVENT] [--agent NAME]`.

import { join } from 'node:path'
import { loadCached } from '../code-cache.js'

loadCached(join(import.meta.dirname, 'hook-call.cjs'))
