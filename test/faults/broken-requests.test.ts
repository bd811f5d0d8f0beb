// Requests in pieces, cut short, pipelined with garbage, on connections that are reset, closed by half or dropped: none of
// it ends the gateway, whose other clients notice nothing. Seeded: the seed is printed, and ARC_TEST_SEED replays it.

import { connect, type Socket } from 'node:net'
import t from 'tap'
import { Calls } from '../support/calls.js'
import { Random, rounds } from '../support/campaign.js'
import { EventReader } from '../support/event-reader.js'
import { startTestHub } from '../support/hub.js'
import { until } from '../support/waiting.js'

const CONNECTIONS = rounds(1_500, 40_000)
const AT_ONCE = 32
const CUT_OFF_MS = 60

const BODY = '{"from_agent":"fuzz","body":"x"}'

/** Requests, whole and broken, to a hub at this Host. */
function piecesFor(host: string): readonly string[] {
  const to = (requestLine: string, ...lines: string[]) =>
    [`${requestLine} HTTP/1.1`, `Host: ${host}`, ...lines, '', ''].join('\r\n')
  const post = (...lines: string[]) => to('POST /v1/messages', ...lines)
  const chunk = `${BODY.length.toString(16)}\r\n${BODY}\r\n`
  return [
    to('GET /v1/hub-info'),
    to('HEAD /v1/channels'),
    to('GET /v1/events?agent_id=fuzz&timeout=1&since_id=99999999'),
    to('GET /v1/stream?agent_id=fuzz'),
    to('GET /'),
    to('GET /assets/nothing'),
    to(`GET http://${host}/`),
    to('OPTIONS *'),
    to('CONNECT evil.example:443'),
    to('GET /v1/hub-info', 'Upgrade: websocket', 'Connection: Upgrade'),
    to('GET /ü'),
    `${to('PUT /v1/messages', 'Content-Length: 5')}ab`,
    `${post(`Content-Length: ${BODY.length}`)}${BODY}`,
    `${post(`Content-Length: ${BODY.length}`, 'Expect: 100-continue')}${BODY}`,
    `${post(`Content-Length: ${BODY.length}`, 'Expect: something')}${BODY}`,
    `${post('Transfer-Encoding: chunked')}${chunk}0\r\n\r\n`,
    `${post('Transfer-Encoding: chunked')}zz\r\n`,
    `${post('Content-Length: 999999999')}${'x'.repeat(100)}`,
    'GET /v1/hub-info HTTP/1.1\r\nHost: evil.example\r\n\r\n',
    'GET / HTTP/1.0\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'garbage\r\n\r\n',
    '\u0000\u0016\u0003\u0001',
  ]
}

const ENDS: readonly ((socket: Socket) => void)[] = [
  (socket) => socket.end(),
  (socket) => socket.destroy(),
  (socket) => socket.resetAndDestroy(),
  () => {},
]

t.test('nothing that a client can send ends the gateway', { timeout: 300_000 }, async (t) => {
  const hub = await startTestHub(t)
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const pick = <T>(list: readonly T[]): T => list[random.between(0, list.length - 1)] as T
  const pieces = piecesFor(`127.0.0.1:${hub.port}`)
  const reader = new EventReader(`${hub.url}/v1/stream?agent_id=reader`)
  t.teardown(() => reader.close())
  await reader.answered

  const speak = () =>
    new Promise<void>((resolve) => {
      let text = Array.from({ length: random.between(1, 3) }, () => pick(pieces)).join('')
      if (random.next() < 0.2) text = text.slice(0, random.between(1, text.length))
      const cut = random.between(1, text.length)
      const end = pick(ENDS)
      const restMs = pick([0, 0, 5])
      const socket = connect({ port: hub.port, host: '127.0.0.1', allowHalfOpen: true })
      const cutOff = setTimeout(() => socket.destroy(), CUT_OFF_MS)
      socket.on('error', () => {}).resume()
      socket.once('close', () => {
        clearTimeout(cutOff)
        resolve()
      })
      socket.once('connect', () => {
        socket.write(text.slice(0, cut))
        setTimeout(() => {
          if (socket.destroyed) return
          if (cut < text.length) socket.write(text.slice(cut))
          end(socket)
        }, restMs)
      })
    })
  let spoken = 0
  const speaker = async () => {
    while (spoken++ < CONNECTIONS && !reader.ended) await speak()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, speaker))

  const said = await new Calls(t, hub.url).say({ body: 'still there?' })
  await until('what is said afterwards', () => reader.ended || reader.messages.at(-1)?.id === said.id)
  t.notOk(reader.ended, `its first reader is connected after ${spoken} connections`)
})
