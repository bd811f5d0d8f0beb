// The live feed as server-sent events (PROTOCOL §4): a message an event, with its id, so that a reader that
// comes back goes on where it was; a comment now and then, so that a dead connection is noticed.
//
// Messages are pulled: the next batch is asked for when the reader's socket has taken the last one. So a slow
// reader holds back one batch and no more, and what it has not read yet is in the storage. One that
// takes nothing for `STALL_MS` is cut off. Ends with the reader, or with the door.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { idOf } from '../dispatch/recent.js'
import type { Stream } from '../dispatch/streams.js'
import { jsonText, parseExact } from '../protocol/json.js'
import type { ChangeTopic } from '../protocol/kinds.js'
import { isGone } from './replies.js'

export const STREAM_HEADERS = [
  ...['Content-Type', 'text/event-stream; charset=utf-8'],
  ...['Cache-Control', 'no-store'],
  ...['X-Accel-Buffering', 'no'], // a proxy that collects an answer before it passes it on would hold a stream back
]

const LAST_EVENT_ID = /^(?:([^:]+):)?([0-9]{1,16})$/
const HEARTBEAT = ':\n\n'
const STALL_MS = 30_000
/** Characters that are handed to the socket at once. */
const CHUNK_CHARS = 65_536

/**
 * The id after which a reader that reconnects goes on; undefined for one that is new. An event's id names the storage that it
 * came from, as `<instance>:<id>`: a reader of a storage that is gone (`arc reset`) begins anew. A plain number is taken as it is.
 */
export function lastEventId({ headers }: IncomingMessage, instanceId: string): number | undefined {
  const [, instance, id] = LAST_EVENT_ID.exec(String(headers['last-event-id'] ?? '')) ?? []
  if (id === undefined) return undefined
  return instance === undefined || instance === instanceId ? Number(id) : 0
}

/** Sends messages, heartbeats, and hints of changes where they are wanted, until the stream or its reader ends. */
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
  // Another implementation may have stored metadata with line breaks between its members.
  const line = /[\r\n]/.test(json) ? jsonText(parseExact(json)) : json
  return `id: ${instanceId}:${idOf(line)}\ndata: ${line}\n\n`
}

/** False when the reader has taken nothing for too long, or has gone. */
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
