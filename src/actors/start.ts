// The script of each of the hub's threads in the program, `dist/program/thread.cjs <the actor's file>`.

import { loadCached } from '../code-cache.js'

loadCached(process.argv[2] ?? '')
