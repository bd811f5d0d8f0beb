// A hub process that ends the thread of its storage on the spot whenever it is told to. Ends as the hub ends: with its
// exit status, once nothing keeps the process alive.
//
//   node hub-to-be-killed.js <storage path> [<spool> [<port>]]

import { startHub } from '../../src/actors/hub.js'

const [storagePath = '', spoolDir, port = '0'] = process.argv.slice(2)
const hub = await startHub({ storagePath, spoolDir, port: Number(port) })
process.on('message', () => hub.kill('storage'))
process.send?.({ url: hub.url })
process.exitCode = await hub.stopped
process.disconnect()
