// What a request line may ask for, and by which method: as HTTP says (RFC 9110, RFC 9112), over raw sockets.

import t from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import { broadcastsIn, say, unique } from '../conformance/steps.js'
import { ownHub } from '../conformance/target.js'
import { type RawReply, speak } from '../conformance/wire.js'

const hub = await ownHub(t)
const here = `127.0.0.1:${hub.hub.port}`

interface Sent {
  readonly lines?: readonly string[]
  readonly body?: string
}

/** Sends a request line, a Host and these header lines, and reads until the hub closes. */
function send(requestLine: string, { lines = [`Host: ${here}`], body }: Sent = {}): Promise<RawReply> {
  const framing = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  const head = [`${requestLine} HTTP/1.1`, ...lines, ...framing, 'Connection: close', '', ''].join('\r\n')
  return speak(hub.url, `${head}${body ?? ''}`)
}

const header = ({ headers }: RawReply, wanted: string) => headers.find(([name]) => name === wanted)?.[1]

t.test('a target that is a whole URL is served as its path is', async (t) => {
  t.equal((await send(`GET http://${here}/v1/hub-info`)).status, 200)
  t.equal((await send(`GET HTTP://${here}/v1/messages?channel=general`)).status, 200)
  t.match((await send(`GET http://${here}`)).text, /<!doctype html>/i)
  const thread_id = unique('thread')
  const body = JSON.stringify({ from_agent: 'ann', body: 'by a proxy', thread_id })
  t.equal((await send(`POST http://${here}/v1/messages`, { body })).status, 201)
  t.match(await broadcastsIn(hub, thread_id), [{ body: 'by a proxy' }])
})

for (const authority of ['evil.example', `evil.example@${here}`, `${here}@evil.example`, '', '127.0.0.1:1']) {
  t.test(`a whole URL of "${authority.replace(here, 'HERE')}" is a 403, whatever Host says`, async (t) => {
    const reply = await send(`GET http://${authority}/v1/hub-info`)
    t.equal(reply.status, 403)
    t.match(JSON.parse(reply.text), { ok: false, code: 'host_refused' })
  })
}

t.test('a whole URL of this hub does not make up for a Host that is not allowed', async (t) => {
  const lines = ['Host: evil.example']
  t.equal((await send(`GET http://${here}/v1/hub-info`, { lines })).status, 403)
  t.equal((await send('GET http://evil.example/v1/hub-info', { lines })).status, 403)
  t.equal((await send(`GET http://${here}/v1/hub-info`, { lines: [] })).status, 403)
})

const READS = [
  '/',
  '/v1/hub-info',
  '/v1/status',
  '/v1/channels',
  '/v1/messages?channel=general',
  '/v1/events?agent_id=ann',
  '/v1/threads',
  '/v1/nowhere',
  '/v1/messages',
]

for (const path of READS) {
  t.test(`HEAD ${path} is answered as GET is, without the body`, async (t) => {
    await say(hub, { body: 'something to count' })
    const [got, headed] = [await send(`GET ${path}`), await send(`HEAD ${path}`)]
    t.equal(headed.status, got.status)
    t.equal(headed.text, '')
    for (const name of ['content-type', 'x-arc-instance']) t.equal(header(headed, name), header(got, name))
    t.match(header(headed, 'content-length'), /^[1-9][0-9]*$/)
  })
}

t.test('HEAD /v1/stream says what a stream would be, and opens none', async (t) => {
  const reply = await send('HEAD /v1/stream?agent_id=ann')
  t.equal(reply.status, 200)
  t.match(header(reply, 'content-type'), /^text\/event-stream/)
  t.equal((await send('HEAD /v1/stream')).status, 400)
  t.match((await hub.get('/v1/status')).result, { open_streams: 0 })
})

for (const [method, path, allow] of [
  ['PUT', '/v1/messages', 'GET, HEAD, POST'],
  ['PATCH', '/v1/channels?name=x', 'GET, HEAD, POST'],
  ['DELETE', '/v1/hub-info', 'GET, HEAD'],
  ['POST', '/v1/hub-info', 'GET, HEAD'],
  ['POST', '/', 'GET, HEAD'],
  ['GET', '/v1/claims/refresh', 'POST'],
  ['HEAD', '/v1/claims/refresh', 'POST'],
  ['GET', '/v1/sessions/some-id', 'DELETE'],
  ['TRACE', '/v1/hub-info', 'GET, HEAD'],
  ['OPTIONS', '/v1/messages', 'GET, HEAD, POST'],
  ['OPTIONS', '*', 'GET, HEAD, POST, DELETE'],
] as const) {
  t.test(`${method} ${path} is a 405 that allows ${allow}`, async (t) => {
    const reply = await send(`${method} ${path}`, method === 'HEAD' ? {} : { body: '{}' })
    t.equal(reply.status, 405)
    t.equal(header(reply, 'allow'), allow)
    if (method !== 'HEAD') t.match(JSON.parse(reply.text), { ok: false, code: 'method_not_allowed' })
    t.notOk(reply.headers.some(([name]) => name.startsWith('access-control-')))
  })
}

t.test('a method that is not served at an asset of the page is a 405', async (t) => {
  const [, asset = ''] = /src="([^"]+)"/.exec((await send('GET /')).text) ?? []
  t.match(asset, /^\/assets\//)
  const reply = await send(`DELETE ${asset}`)
  t.equal(reply.status, 405)
  t.equal(header(reply, 'allow'), 'GET, HEAD')
})

t.test('any method at a path that is unknown is a 404', async (t) => {
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS'])
    t.equal((await send(`${method} /v1/nowhere`)).status, 404, method)
})

t.test('CONNECT is a 405 in JSON: the hub is no proxy', async (t) => {
  const reply = await send('CONNECT evil.example:443')
  t.equal(reply.status, 405)
  t.ok(header(reply, 'allow'))
  t.match(JSON.parse(reply.text), { ok: false, code: 'method_not_allowed' })
})

t.test('a request to upgrade is answered as if it had not asked for that', async (t) => {
  for (const protocol of ['websocket', 'h2c']) {
    const upgrade = [`Host: ${here}`, `Upgrade: ${protocol}`]
    const head = ['GET /v1/hub-info HTTP/1.1', ...upgrade, 'Connection: Upgrade, close', '', '']
    t.equal((await speak(hub.url, head.join('\r\n'))).status, 200, protocol)
  }
})

t.test('Expect: 100-continue is told to go on, unless the request is refused anyway', async (t) => {
  const body = JSON.stringify({ from_agent: 'ann', body: 'a large one' })
  const expecting = [`Host: ${here}`, 'Expect: 100-continue']
  const reply = await send('POST /v1/messages', { lines: expecting, body })
  t.equal(reply.status, 100)
  t.match(reply.text, /^HTTP\/1\.1 201 /)
  const lines = ['Host: evil.example', 'Expect: 100-continue']
  t.equal((await send('POST /v1/messages', { lines, body })).status, 403)
  const head = ['POST /v1/messages HTTP/1.1', ...expecting, 'Content-Length: 999999999', '', '']
  t.equal((await speak(hub.url, head.join('\r\n'))).status, 400)
})

t.test('any other expectation is a 417 in JSON, and has no effect', async (t) => {
  const thread_id = unique('thread')
  const body = JSON.stringify({ from_agent: 'ann', body: 'x', thread_id })
  const lines = [`Host: ${here}`, 'Expect: the unexpected']
  const reply = await send('POST /v1/messages', { lines, body })
  t.equal(reply.status, 417)
  t.match(JSON.parse(reply.text), { ok: false, code: 'expectation_failed' })
  t.strictSame(await broadcastsIn(hub, thread_id), [] satisfies Message[])
})
