// A hub in a process of its own. Arguments: the storage file, then the spool of its file relay. It runs the program's
// bundle, as an installed hub does.

import { PACKAGE_ROOT } from '../../src/package.js'

type HubModule = typeof import('../../src/actors/hub.js')

const { startHub }: HubModule = await import(new URL('./dist/program/hub.cjs', PACKAGE_ROOT).href)

const [storagePath = '', spoolDir] = process.argv.slice(2)
const hub = await startHub({ storagePath, spoolDir, port: 0, logLevel: 'warn' })
process.send?.({ port: hub.port })
const end = () => hub.stop().then(() => process.exit())
process.once('SIGTERM', end)
process.once('disconnect', end) // the bench has ended
