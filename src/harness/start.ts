// The program that a harness runs: `node hook.cjs <harness> [EVENT] [--agent NAME]`.

import { fileURLToPath } from 'node:url'
import { loadCached } from '../code-cache.js'

loadCached(fileURLToPath(new URL('./hook-call.cjs', import.meta.url)))
