// The script of each of the hub's threads in the program, `dist/program/thread.cjs <the actor's file>`.

import { basename } from 'node:path'
import { loadCached } from '../code-cache.js'

const [, , file = ''] = process.argv

loadCached(file, basename(file, '.cjs'))
