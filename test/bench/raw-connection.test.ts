// The bare sockets that the posts are measured by: whole answers, in whatever pieces they come.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { RawConnection } from '../../bench/load/raw-connection.js'

const ANSWER =
  'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'

const POST = { method: 'POST', path: '/v1/messages' }
const GET = { method: 'GET', path: '/v1/hub-info' }

/** A server that answers each request by `answer`; tells what it was sent. */
async function serve(t: Test, answer: (socket: Socket) => void) {
  const requests: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (text) => {
      requests.push(String(text))
      answer(socket)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

t.test('a request is written as HTTP asks, and its answer read to the end', async (t) => {
  const { url, requests } = await serve(t, (socket) => socket.write(ANSWER))
  const connection = new RawConnection(url)
  for (let i = 0; i < 3; i++)
    t.match(await connection.exchange({ ...POST, body: '{"ä":1}' }), { status: 201 })
  t.match(await connection.exchange(GET), { status: 201 })
  await connection.close()
  const host = url.slice('http://'.length)
  t.equal(
    requests[0],
    `POST /v1/messages HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"ä":1}`,
  )
  t.equal(requests[3], `GET /v1/hub-info HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
})

t.test('an answer may come in pieces', async (t) => {
  const cuts = [0, 5, 30, ANSWER.length - 9, ANSWER.length - 3]
  const { url } = await serve(t, async (socket) => {
    for (const [i, from] of cuts.entries()) {
      socket.write(ANSWER.slice(from, cuts[i + 1]))
      for (let turn = 0; turn < 2; turn++) await nextTurn() // in the second one it is read
    }
  })
  const connection = new RawConnection(url)
  for (let i = 0; i < 2; i++) t.match(await connection.exchange(GET), { status: 201 })
  await connection.close()
})

t.test('a server that closes the connection is an error, not a wait without end', async (t) => {
  const { url } = await serve(t, (socket) => socket.destroy())
  const connection = new RawConnection(url)
  await t.rejects(connection.exchange(GET), { message: /closed the connection/ })
  await t.rejects(connection.exchange(GET), { message: /closed the connection/ }, 'the next one as well')
})
