// The live feed as server-sent events (PROTOCOL §4). Each message is an event with its id, so that a reader can resume.
// Comments are heartbeats, which reveal a dead connection.
//
// The door pulls the next batch when the reader's socket has taken the last one. So a slow reader keeps one batch in
// memory; its later messages stay in the storage. A reader that takes nothing for `STALL_MS` is disconnected. The stream
// ends with its reader or with the door.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { idOf } from '../dispatch/recent.js'
import type { Stream } from '../dispatch/streams.js'
import { jsonText, parseExact } from '../protocol/json.js'
import type { ChangeTopic } from '../protocol/kinds.js'
import { isGone } from './replies.js'

export const STREAM_HEADERS = [
  ...['Content-Type', 'text/event-stream; charset=utf-8'],
  ...['Cache-Control', 'no-store'],
  ...['X-Accel-Buffering', 'no'], // a proxy must not collect the answer before it passes it on
]

const LAST_EVENT_ID = /^(?:([^:]+):)?([0-9]{1,16})$/
const HEARTBEAT = ':\n\n'
const STALL_MS = 30_000
/** Characters of one write to the socket. */
const CHUNK_CHARS = 65_536

/**
 * The id after which a reconnecting reader resumes; undefined for a new reader. An event's id is `<instance>:<id>`. If the
 * instance is another one (after `arc reset`), the reader starts at 0. A plain number is an id.
 */
export function lastEventId({ headers }: IncomingMessage, instanceId: string): number | undefined {
  const [, instance, id] = LAST_EVENT_ID.exec(String(headers['last-event-id'] ?? '')) ?? []
  if (id === undefined) return undefined
  return instance === undefined || instance === instanceId ? Number(id) : 0
}

/** Sends messages, heartbeats, and hints at changes if the reader wants them, until the stream or its reader ends. */
export async function sendEvents(
  response: ServerResponse<IncomingMessage>,
  { batches, changes }: Stream,
  instanceId: string,
): Promise<void> {
  response.flushHeaders()
  const untold = new Set<ChangeTopic>()
  const tellChanges = () => {
    if (untold.size === 0 || response.writableNeedDrain) return
    response.write(`event: changed\ndata: ${JSON.stringify([...untold])}\n\n`)
    untold.clear()
  }
  const stop = changes?.listen((topics) => {
    for (const topic of topics) untold.add(topic)
    tellChanges()
  })
  try {
    for await (const items of batches) {
      for (const chunk of chunksOf(items, instanceId)) {
        if (isGone(response)) return
        if (!response.write(chunk) && !(await isTaken(response))) return void response.destroy()
        tellChanges()
      }
    }
    if (!isGone(response)) response.end()
  } finally {
    stop?.()
  }
}

function* chunksOf(items: readonly string[], instanceId: string): Generator<string> {
  let chunk = items.length === 0 ? HEARTBEAT : ''
  for (const json of items) {
    chunk += eventOf(json, instanceId)
    if (chunk.length < CHUNK_CHARS) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

function eventOf(json: string, instanceId: string): string {
  // Metadata of another implementation may have line breaks between its members.
  const line = /[\r\n]/.test(json) ? jsonText(parseExact(json)) : json
  return `id: ${instanceId}:${idOf(line)}\ndata: ${line}\n\n`
}

/** Resolves with false if the reader takes nothing for `STALL_MS`, or leaves. */
function isTaken(response: ServerResponse): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (taken: boolean) => {
      clearTimeout(timer)
      response.off('drain', onDrain).off('close', onClose)
      resolve(taken)
    }
    const onDrain = () => settle(true)
    const onClose = () => settle(false)
    const timer = setTimeout(onClose, STALL_MS)
    response.once('drain', onDrain).once('close', onClose)
  })
}
