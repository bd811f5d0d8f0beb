// The bare baseline for long-polls: a `node:http` server that holds every `GET /v1/events`, and answers all of them when
// a message is posted. It answers every other GET at once with the number of responses that it holds.

import type { ServerResponse } from 'node:http'
import { answer, standIn } from './stand-in.js'

const held = new Set<ServerResponse>()
let latestId = 0

standIn(
  (request, response) => {
    if (!request.url?.startsWith('/v1/events')) {
      return answer(response, 200, JSON.stringify({ waiting_polls: held.size, latest_visible_id: latestId }))
    }
    held.add(response)
    response.once('close', () => held.delete(response))
  },
  ({ id, json }) => {
    latestId = id
    const released = [...held]
    held.clear()
    for (const response of released) answer(response, 200, `[${json}]`)
  },
)
