// What is no request: each is refused in JSON that says why, under Node's status, and the connection closes. What
// was asked before on the same connection is answered first.

import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { broadcastsIn, say, unique, until } from '../conformance/steps.js'
import { ownHub } from '../conformance/target.js'
import { type RawReply, speak } from '../conformance/wire.js'
import { EventReader } from '../support/event-reader.js'

const hub = await ownHub(t)
const host = `Host: 127.0.0.1:${hub.hub.port}`

const request = (...lines: string[]) => [...lines, '', ''].join('\r\n')
const header = ({ headers }: RawReply, wanted: string) => headers.find(([name]) => name === wanted)?.[1]

for (const [what, status, mentions, raw] of [
  ['raw UTF-8 in a query', 400, /percent-encoded/, request('GET /v1/messages?channel=käse HTTP/1.1', host)],
  ['raw UTF-8 in a path', 400, /percent-encoded/, request('GET /v1/inbox/zoë HTTP/1.1', host)],
  ['a space in a path', 400, /\S/, request('GET /v1/inbox/a b HTTP/1.1', host)],
  ['no HTTP at all', 400, /HTTP\/1\.1/, 'hello, hub\r\n\r\n'],
  ['a method that HTTP does not know', 400, /method/i, request('FETCH / HTTP/1.1', host)],
  ['HTTP/2 from the start', 400, /HTTP\/1\.1/, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a header without a colon', 400, /header/i, request('GET / HTTP/1.1', host, 'x y')],
  ['a control character in a header', 400, /header/i, request('GET / HTTP/1.1', host, 'X: a\u0001b')],
  ['a length that is no number', 400, /length/i, request('POST / HTTP/1.1', host, 'Content-Length: x')],
  ['two lengths', 400, /length/i, request('POST / HTTP/1.1', host, 'Content-Length: 1', 'Content-Length: 2')],
  [
    'a length and chunks',
    400,
    /\S/,
    request('POST / HTTP/1.1', host, 'Content-Length: 1', 'Transfer-Encoding: chunked'),
  ],
  ['headers of 20 KiB', 431, /16 KiB/, request('GET / HTTP/1.1', host, `X: ${'x'.repeat(20_480)}`)],
  ['a target of 20 KiB', 431, /16 KiB/, request(`GET /?${'x'.repeat(20_480)} HTTP/1.1`, host)],
] as const) {
  t.test(`${what} is a ${status} in JSON that says why`, async (t) => {
    const reply = await speak(hub.url, raw)
    t.equal(reply.status, status)
    t.match(JSON.parse(reply.text || '{}'), { ok: false, error: mentions, code: /^[a-z_]+$/ })
    t.match(header(reply, 'content-type'), /^application\/json\b/)
    t.equal(header(reply, 'content-length'), String(Buffer.byteLength(reply.text)))
    t.equal(header(reply, 'connection'), 'close')
    t.equal(header(reply, 'x-arc-instance'), hub.info.instance_id)
    t.equal(header(reply, 'x-content-type-options'), 'nosniff')
  })
}

const chunked = ['POST /v1/messages HTTP/1.1', host, 'Transfer-Encoding: chunked']

t.test('a chunk that is none is a 400 in JSON', async (t) => {
  const reply = await speak(hub.url, `${request(...chunked)}zz\r\n`)
  t.equal(reply.status, 400)
  t.match(JSON.parse(reply.text || '{}'), { ok: false, error: /chunk/i })
})

t.test('chunk extensions without end are a 413 in JSON', async (t) => {
  const reply = await speak(hub.url, `${request(...chunked)}2;${'x'.repeat(20_480)}\r\n{}\r\n0\r\n\r\n`)
  t.equal(reply.status, 413)
  t.match(JSON.parse(reply.text || '{}'), { ok: false, code: 'body_too_large' })
})

t.test('what was asked before is answered first, and has its effect', async (t) => {
  const thread_id = unique('thread')
  const body = JSON.stringify({ from_agent: 'ann', body: 'x', thread_id })
  const post = request('POST /v1/messages HTTP/1.1', host, `Content-Length: ${body.length}`) + body
  const reply = await speak(hub.url, `${post}garbage\r\n\r\n`)
  t.equal(reply.status, 201)
  t.match(reply.text, /HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\{"ok":false/)
  t.equal((await broadcastsIn(hub, thread_id)).length, 1)
})

t.test(
  'a client that is cut off while it sends is told so once, however much it goes on to send',
  async (t) => {
    const more = Array.from({ length: 50 }, () => Buffer.from('more\r\n\r\n'))
    const reply = await speak(hub.url, 'hello\r\n\r\n', more)
    t.equal(reply.status, 400)
    t.equal(reply.text.split('"ok":false').length, 2)
  },
)

t.test('a client that is gone before it has read its refusal does no harm to others', async (t) => {
  const other = new EventReader(`${hub.url}/v1/stream?agent_id=other`)
  t.teardown(() => other.close())
  await other.answered
  for (const raw of [
    'CONNECT evil.example:443 HTTP/1.1\r\n\r\n',
    'hello\r\n\r\n',
    request('PUT / HTTP/1.1', host),
  ]) {
    const socket = connect(hub.hub.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(raw)
    await once(socket, 'data')
    socket.resetAndDestroy()
  }
  const said = await say(hub)
  await until('what is said afterwards', () => other.ended || other.messages.at(-1)?.id === said.id)
  t.notOk(other.ended, 'its stream is the same')
})
