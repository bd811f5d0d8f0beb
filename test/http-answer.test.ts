// Answers of HTTP/1.1 as they come from a connection: in pieces of any size, and what is none.

import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import {
  type AddressInfo,
  connect,
  createServer as createSocketServer,
  type Server,
  type Socket,
} from 'node:net'
import t, { type Test } from 'tap'
import { AnswerReader } from '../src/http-answer.js'
import { HttpConnection } from '../src/http-exchange.js'

/** The answer in pieces of `size` bytes; undefined if it never was whole. */
function read(text: string, size: number) {
  const bytes = Buffer.from(text)
  const reader = new AnswerReader()
  for (let at = 0; at < bytes.length; at += size) {
    const answer = reader.take(bytes.subarray(at, at + size))
    if (answer) return { ...answer, rest: bytes.length - at - size }
  }
  return undefined
}

const BODY = '{"ok":true,"result":"für alle 🚀"}'
const BYTES = Buffer.byteLength(BODY)
const hex = (part: string) => Buffer.byteLength(part).toString(16)

const ANSWERS: Record<string, string> = {
  'a stated length': `HTTP/1.1 200 OK\r\nContent-Length: ${BYTES}\r\nX-A: 1\r\n\r\n${BODY}`,
  'no reason phrase': `HTTP/1.1 200\r\ncontent-length:${BYTES}\r\nx-a:1\r\n\r\n${BODY}`,
  'an interim answer first': `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\nx-a: 1\r\ncontent-length: ${BYTES}\r\n\r\n${BODY}`,
  'chunks, an extension and a trailer':
    `HTTP/1.1 200 OK\r\nx-a: 1\r\nTransfer-Encoding: chunked\r\n\r\n` +
    `${hex(BODY.slice(0, 9))};x=y\r\n${BODY.slice(0, 9)}\r\n${hex(BODY.slice(9)).toUpperCase()}\r\n${BODY.slice(9)}\r\n0\r\nx-b: 2\r\n\r\n`,
}

t.test('an answer is the same in pieces of any size', async (t) => {
  for (const [name, text] of Object.entries(ANSWERS)) {
    for (const size of [1, 2, 3, 7, 64, 100_000]) {
      const answer = read(text, size)
      t.match(answer, { status: 200, text: BODY, isReusable: true }, `${name}, ${size} bytes a time`)
      t.equal(answer?.headers['x-a'], '1')
    }
  }
})

t.test('an answer without a body ends with its head', async (t) => {
  for (const head of ['204 No Content', '304 Not Modified']) {
    t.match(read(`HTTP/1.1 ${head}\r\n\r\n`, 5), { text: '', isReusable: true })
  }
})

t.test('an answer until the end of the connection', async (t) => {
  const reader = new AnswerReader()
  t.equal(reader.end(), undefined)
  t.equal(reader.take(Buffer.from(`HTTP/1.1 200 OK\r\n\r\n${BODY}`)), undefined)
  t.match(reader.end(), { text: BODY, isReusable: false })
})

t.test('a connection that closes takes no other request', async (t) => {
  const length = 'content-length: 2\r\n'
  t.match(read(`HTTP/1.1 200 OK\r\nConnection: Close\r\n${length}\r\n{}`, 9), { isReusable: false })
  t.match(read(`HTTP/1.0 200 OK\r\n${length}\r\n{}`, 9), { isReusable: false })
})

t.test('what is no HTTP is refused as soon as that is certain', async (t) => {
  const refused = (text: string, code: string) => t.throws(() => read(text, 1), { code }, text.slice(0, 40))
  refused('220 mail ready', 'HPE_INVALID_CONSTANT')
  refused('HTTP/2.0 200 OK\r\n\r\n', 'HPE_INVALID_CONSTANT')
  refused('HTTP/1.1 abc\r\n\r\n', 'HPE_INVALID_STATUS')
  refused('HTTP/1.1 200 OK\r\nno colon\r\n\r\n', 'HPE_INVALID_HEADER_TOKEN')
  refused('HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n', 'HPE_INVALID_CONTENT_LENGTH')
  refused('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', 'HPE_INVALID_CONTENT_LENGTH')
  refused('HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n', 'HPE_INVALID_TRANSFER_ENCODING')
  refused('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n', 'HPE_INVALID_CHUNK_SIZE')
  refused('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}{}', 'HPE_STRICT')
  refused(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`, 'HPE_HEADER_OVERFLOW')
})

async function connectionTo(t: Test, server: Server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.teardown(() => {
    socket.destroy()
    server.close()
  })
  return { socket, connection: new HttpConnection(socket, 'hub:1') }
}

t.test('requests and answers of Node’s own server, one after another on one connection', async (t) => {
  const seen: string[] = []
  const server = createServer(async (request, response: ServerResponse) => {
    let body = ''
    for await (const part of request) body += part
    seen.push(`${request.method} ${request.url} ${request.headers.host} ${body}`)
    if (request.url === '/chunks') for (const part of ['{"ok"', ':true}']) response.write(part)
    response.end(request.url === '/chunks' ? undefined : BODY)
  })
  const { socket, connection } = await connectionTo(t, server)
  const ask = (method: string, path: string, body: string | null) =>
    connection.exchange({ method, path, headers: { 'x-a': '1' }, body })
  t.match(await ask('POST', '/a?b=c', '{"für":1}'), { status: 200, text: BODY, isReusable: true })
  t.match(await ask('GET', '/chunks', null), { text: '{"ok":true}', isReusable: true })
  t.match(await ask('POST', '/empty', null), { text: BODY })
  t.match(await ask('DELETE', '/d', null), { text: BODY })
  t.strictSame(seen, [
    'POST /a?b=c hub:1 {"für":1}',
    'GET /chunks hub:1 ',
    'POST /empty hub:1 ',
    'DELETE /d hub:1 ',
  ])
  await t.rejects(ask('GET', '/a b', null), { code: 'ERR_UNESCAPED_CHARACTERS' })
  const breaking = { method: 'GET', path: '/', headers: { 'x-a': '1\r\nx-b: 2' }, body: null }
  await t.rejects(connection.exchange(breaking), { code: 'ERR_INVALID_CHAR' })
  t.equal(seen.length, 4)
  socket.destroy()
  await once(socket, 'close')
  await t.rejects(ask('GET', '/late', null), { code: 'ECONNRESET' }, 'a closed connection answers at once')
})

/** A connection to a server that calls `answer` each time it receives something. */
async function connectionWith(t: Test, answer: (socket: Socket, times: number) => void) {
  let times = 0
  const server = createSocketServer((socket) => {
    socket.on('data', () => answer(socket, ++times)).on('error', () => {})
  })
  const { socket, connection } = await connectionTo(t, server)
  const ask = (path: string) => connection.exchange({ method: 'GET', path, headers: {}, body: null })
  return { socket, connection, ask }
}

const short = (body: string, head = '') =>
  `HTTP/1.1 200 OK\r\n${head}content-length: ${body.length}\r\n\r\n${body}`

t.test('answers to requests that were sent together come in their order, however they are cut', async (t) => {
  for (const size of [1, 5, 1_000]) {
    const all = ['one', 'two', 'three'].map((body) => short(body)).join('')
    const { connection, ask } = await connectionWith(t, async (socket, times) => {
      if (times > 1) return
      for (let at = 0; at < all.length; at += size) {
        socket.write(all.slice(at, at + size))
        if (size < 1_000) await new Promise((resolve) => setImmediate(resolve))
      }
    })
    const asked = [ask('/1'), ask('/2'), ask('/3')]
    t.equal(connection.waiting, 3)
    const answers = await Promise.all(asked)
    t.strictSame(
      answers.map(({ text, isReusable }) => [text, isReusable]),
      [
        ['one', true],
        ['two', true],
        ['three', true],
      ],
    )
    t.equal(connection.waiting, 0)
  }
})

t.test('requests behind a last answer fail', async (t) => {
  const { ask } = await connectionWith(t, (socket) => socket.end(short('bye', 'connection: close\r\n')))
  const [first, second] = await Promise.allSettled([ask('/1'), ask('/2')])
  t.match(first, { value: { text: 'bye', isReusable: false } })
  t.match(second, { reason: { code: 'ECONNRESET' } })
})

t.test('a connection that says more than was asked takes no other request', async (t) => {
  const { ask } = await connectionWith(t, (socket) => socket.write(short('{}') + short('{}')))
  t.match(await ask('/1'), { text: '{}', isReusable: false })
  const { socket, ask: askLater } = await connectionWith(t, (socket, times) => {
    socket.write(short('{}'))
    if (times === 1) setTimeout(() => socket.write(short('more')), 50)
  })
  t.match(await askLater('/1'), { text: '{}', isReusable: true })
  await once(socket, 'close')
  await t.rejects(askLater('/2'), { code: 'ECONNRESET' })
})

t.test('what is no HTTP fails all requests', async (t) => {
  const { ask } = await connectionWith(t, (socket) => socket.write(`${short('{}')}220 mail ready\r\n`))
  const [first, second, third] = await Promise.allSettled([ask('/1'), ask('/2'), ask('/3')])
  t.equal(first?.status, 'fulfilled')
  t.match(
    [second, third],
    [{ reason: { code: 'HPE_INVALID_CONSTANT' } }, { reason: { code: 'HPE_INVALID_CONSTANT' } }],
  )
})
