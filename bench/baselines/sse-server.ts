// The bare baseline for streams: a `node:http` server that keeps every `GET /v1/stream` open, and writes each posted
// message to all of them. It stores nothing: a later reader does not get the message.

import type { ServerResponse } from 'node:http'
import { answer, standIn } from './stand-in.js'

const readers = new Set<ServerResponse>()

standIn(
  (request, response) => {
    if (!request.url?.startsWith('/v1/stream')) return answer(response, 200, '{"latest_visible_id":0}')
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' })
    response.flushHeaders()
    readers.add(response)
    response.once('close', () => readers.delete(response))
  },
  ({ id, json }) => {
    for (const response of readers) response.write(`id: ${id}\ndata: ${json}\n\n`)
  },
)
