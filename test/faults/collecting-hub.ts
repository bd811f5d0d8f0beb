// A hub whose storage thread collects its garbage again and again, by way of the inspector: a collection between two
// turns of the event loop, as V8 does one by itself. Says where the hub is; ends when it is let alone, after it has said
// how many collections there were.
//
//   node collecting-hub.js <storage> <spool>

import { Session } from 'node:inspector'
import { setTimeout as pause } from 'node:timers/promises'
import { startHub } from '../support/hub.js'

const PAUSE_MS = 20
const [storagePath = '', spoolDir = ''] = process.argv.slice(2)

const session = new Session()
session.connect()
let storage: string | undefined
let id = 0
const waiting = new Map<number, () => void>()
session.on('NodeWorker.attachedToWorker', ({ params }) => {
  if (params.workerInfo.title.includes('storage')) storage = params.sessionId
})
session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
  const answer = JSON.parse(params.message) as { id?: number }
  if (answer.id !== undefined) waiting.get(answer.id)?.()
})
await new Promise((resolve) => session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, resolve))

const hub = await startHub({ storagePath, spoolDir, port: 0, logLevel: 'silent' })
let isEnding = false
process.once('disconnect', () => {
  isEnding = true
})
process.send?.({ url: hub.url })

let collections = 0
while (!isEnding) {
  await collect()
  collections++
  if (process.connected) process.send?.({ collections })
  await pause(PAUSE_MS)
}
session.disconnect()
await hub.stop()

function collect(): Promise<void> {
  const sessionId = storage
  if (sessionId === undefined) throw new Error('the storage thread is not attached')
  const message = JSON.stringify({ id: ++id, method: 'HeapProfiler.collectGarbage' })
  return new Promise((resolve) => {
    waiting.set(id, resolve)
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message })
  })
}
