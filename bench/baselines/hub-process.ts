// A hub in a process of its own, on the storage file given as argument, for a scenario to load.

import { startHub } from '../../src/actors/hub.js'

const hub = await startHub({ storagePath: process.argv[2] ?? '', port: 0, logLevel: 'warn' })
process.send?.({ port: hub.port })
