// The shared part of the bare servers: they take a message and send an answer as large as a hub's, but check and store
// nothing.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A hub keeps connections this long. Node's default of 5 s is too short for a load that pauses. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000

let latestId = 0

export interface Posted {
  readonly id: number
  readonly json: string
}

/** Listens, and sends its port over IPC. All but a message's POST goes to `onGet`. */
export function standIn(
  onGet: (request: IncomingMessage, response: ServerResponse) => void,
  onPosted: (message: Posted) => void,
): void {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS }, (request, response) => {
    if (request.method !== 'POST') return onGet(request, response)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const message = messageOf(Buffer.concat(chunks).toString('utf8'))
      answer(response, 201, message.json)
      onPosted(message)
    })
  })
  process.once('disconnect', () => process.exit()) // the bench has ended
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () =>
    process.send?.({ port: (server.address() as AddressInfo).port }),
  )
}

/** Answers with a success. */
export function answer(response: ServerResponse, status: number, result: string): void {
  const body = `{"ok":true,"result":${result}}`
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'X-Arc-Instance': 'mh1-00000000000000000000',
  })
  response.end(body)
}

/** @throws SyntaxError */
function messageOf(body: string): Posted {
  const { from_agent, channel, body: text } = JSON.parse(body) as Record<string, unknown>
  const id = ++latestId
  const json = JSON.stringify({
    id,
    ts: new Date().toISOString(),
    from_agent,
    to_agent: null,
    channel,
    kind: 'chat',
    body: text,
    attachments: [],
    reply_to: null,
    thread_id: null,
    metadata: {},
  })
  return { id, json }
}
