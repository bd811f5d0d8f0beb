// Clients that close their side when they have said all they have to say (`printf … | nc -N`) and wait for the answer.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { HubStatus } from '../../src/protocol/objects.js'
import { broadcastsIn, unique, until } from '../conformance/steps.js'
import { ownHub } from '../conformance/target.js'

const hub = await ownHub(t)
const host = `Host: 127.0.0.1:${hub.hub.port}`

const request = (...lines: string[]) => [...lines, '', ''].join('\r\n')

function open(t: Test): Socket {
  const socket = connect({ port: hub.hub.port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  return socket
}

/** All that comes until the hub closes its side. */
async function textOf(socket: Socket): Promise<string> {
  let text = ''
  let isOver = false
  socket.setEncoding('utf8').on('data', (more: string) => (text += more))
  socket.once('end', () => (isOver = true)).once('close', () => (isOver = true))
  await until('the hub to close', () => isOver)
  return text
}

function send(t: Test, ...requests: string[]): Promise<string> {
  const socket = open(t)
  socket.end(requests.join(''))
  return textOf(socket)
}

const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))

async function waiting(): Promise<Pick<HubStatus, 'waiting_polls' | 'open_streams'>> {
  return (await hub.get<HubStatus>('/v1/status')).result
}

t.test('what a client asked before it closed its side is done and answered', async (t) => {
  const thread_id = unique('thread')
  const body = JSON.stringify({ from_agent: 'nc', body: 'x', thread_id })
  const post = request('POST /v1/messages HTTP/1.1', host, `Content-Length: ${body.length}`) + body
  const get = request('GET /v1/hub-info HTTP/1.1', host)
  t.strictSame(statuses(await send(t, post, get, post)), [201, 200, 201])
  t.equal((await broadcastsIn(hub, thread_id)).length, 2)
})

t.test('a request that ends in its middle is a 400', async (t) => {
  const cut = request('POST /v1/messages HTTP/1.1', host, 'Content-Length: 100')
  for (const text of [`${cut}{"from`, 'GET /v1/hub-info HT', `GET / HTTP/1.1\r\n${host}`]) {
    const told = await send(t, text)
    t.strictSame(statuses(told), [400], text)
    t.match(told, /"error":"the connection was closed in the middle of the request"/)
  }
})

t.test('a request that ends in its middle after it was answered is not answered again', async (t) => {
  const socket = open(t)
  const text = textOf(socket)
  socket.write(request('GET /v1/hub-info HTTP/1.1', 'Host: localhost', 'Content-Length: 1000'))
  await once(socket, 'data')
  socket.end()
  t.strictSame(statuses(await text), [200])
})

t.test('what was asked before a request that was refused and then cut short is answered', async (t) => {
  const tooLarge = request('POST /v1/channels HTTP/1.1', 'Host: localhost', 'Content-Length: 99999999')
  const text = await send(t, request('GET /v1/agents HTTP/1.1', 'Host: localhost'), tooLarge)
  t.strictSame(statuses(text), [200, 400])
})

t.test('a client that says nothing and closes its side is closed', async (t) => {
  t.equal(await send(t), '')
})

t.test('a long-poll does not wait for a message that its client may not be there to read', async (t) => {
  const poll = request('GET /v1/events?agent_id=nc&since_id=999999&timeout=60 HTTP/1.1', host)
  const early = await send(t, poll)
  t.match(early, /\{"ok":true,"result":\[\]\}$/)
  const socket = open(t)
  socket.write(poll)
  await until('it to be parked', async () => (await waiting()).waiting_polls === 1)
  socket.end()
  t.match(await textOf(socket), /\{"ok":true,"result":\[\]\}$/)
  t.match(await waiting(), { waiting_polls: 0 })
})

t.test('a stream ends with what there is', async (t) => {
  const thread_id = unique('thread')
  const body = JSON.stringify({ from_agent: 'ann', body: 'the last word', thread_id })
  await hub.post('/v1/messages', body)
  const socket = open(t)
  socket.write(request('GET /v1/stream?agent_id=nc HTTP/1.1', host))
  await until('it to be open', async () => (await waiting()).open_streams === 1)
  socket.end()
  t.match(await textOf(socket), /the last word/)
  await until('it to be over', async () => (await waiting()).open_streams === 0)
})

t.test('a client that dies while it waits is not waited for', async (t) => {
  const socket = open(t)
  socket.write(request('GET /v1/events?agent_id=nc&since_id=999999&timeout=60 HTTP/1.1', host))
  await until('it to be parked', async () => (await waiting()).waiting_polls === 1)
  socket.resetAndDestroy()
  await until('it to be gone', async () => (await waiting()).waiting_polls === 0)
})
