// The fuzzer's HTTP: bytes on raw sockets, in one of the many forms of a request. It draws all random choices before it sends
// anything, so a seed gives the same bytes.

import { connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { FuzzRequest, Requests } from './requests.js'
import type { Values } from './values.js'

export interface HttpRequest extends FuzzRequest {
  readonly bytes: Buffer
  /** One whole request in proper HTTP, which gets one answer. The hub may cut off any other bytes. */
  readonly isProper: boolean
}

/** The requests of one connection. */
export interface Conversation {
  readonly requests: readonly HttpRequest[]
  /** The places at which the bytes are split into packets. */
  readonly splits: readonly number[]
  /** The client's step after its last byte. */
  readonly ending: 'wait' | 'close its side' | 'leave'
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** The answer lasts until its reader leaves. */
  readonly isStream: boolean
}

export interface Heard {
  readonly answers: readonly HttpAnswer[]
  /** The hub has closed the connection. */
  readonly isClosed: boolean
  /** Received bytes that are no answer. */
  readonly rest: string
  /** The hub sent nothing more within the time for an answer. */
  readonly isLate: boolean
}

const ODD_HEADERS = [
  ...[
    'Origin: http://evil.example',
    'Origin: null',
    'Sec-Fetch-Site: cross-site',
    'Sec-Fetch-Site: none',
    'Host: other.example',
  ],
  ...[
    'Content-Type: text/plain',
    'Content-Type: application/json; charset=utf-16',
    'Content-Encoding: gzip',
    'Accept: */*',
  ],
  ...[
    'Expect: 100-continue',
    'Expect: nonsense',
    'Connection: close',
    'Connection: keep-alive, x',
    'Upgrade: websocket',
  ],
  ...[
    'Last-Event-ID: 5',
    'Last-Event-ID: x',
    'Last-Event-ID: 99999999999999999999',
    'Range: bytes=0-1',
    'If-None-Match: *',
  ],
  ...[
    'Authorization: Bearer x',
    'Cookie: a=b',
    'X-Odd: \xff\xfe',
    'X-Empty:',
    `X-Long: ${'x'.repeat(7_000)}`,
    'TE: trailers',
  ],
]
const NO_HEADERS = [
  'X Space: a',
  ': nameless',
  'NoColon',
  'X-Fold: a\r\n b',
  'X-Nul: a\0b',
  'Content-Length: 5, 6',
  'Content-Length: -1',
]
const NO_REQUESTS = [
  '\r\n\r\n',
  'GET\r\n\r\n',
  'GET / HTTP/3.0\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
]
const KEYS = ['key-1', 'key-2', 'key-3', '', 'a b', 'x'.repeat(128), 'x'.repeat(129), 'ü']
const QUIET_MS = 20_000

export class Conversations {
  readonly #values: Values
  readonly #requests: Requests
  readonly #port: number

  constructor(values: Values, requests: Requests, port: number) {
    this.#values = values
    this.#requests = requests
    this.#port = port
  }

  /** The next conversation, with at most `max` requests. */
  next(max: number): Conversation {
    const values = this.#values
    const count = values.chance(0.6) ? 1 : values.random.between(1, max)
    const requests: HttpRequest[] = []
    while (requests.length < count) {
      const request = this.#put(this.#requests.next())
      requests.push(request)
      if (!request.isProper) break // later bytes would count as its rest
    }
    const bytes = requests.reduce((sum, { bytes }) => sum + bytes.length, 0)
    const splits = values.chance(0.3)
      ? Array.from({ length: values.random.between(1, 6) }, () => values.random.between(0, bytes)).sort(
          (a, b) => a - b,
        )
      : []
    const isProper = requests.at(-1)?.isProper === true
    const ending = values.chance(0.03)
      ? 'leave'
      : values.chance(isProper ? 0.1 : 1)
        ? 'close its side'
        : 'wait'
    return { requests, splits, ending }
  }

  #put(request: FuzzRequest): HttpRequest {
    const values = this.#values
    if (values.chance(0.01))
      return {
        ...request,
        route: undefined,
        bytes: Buffer.from(values.pick(NO_REQUESTS), 'latin1'),
        isProper: false,
      }
    const { method, target, body } = request
    const host = `127.0.0.1:${this.#port}`
    let isProper = true
    const lines = [
      `${method} http://${host}${target} HTTP/1.1`,
      `${method} ${decoded(target)} HTTP/1.1`,
      `${method} ${target} HTTP/1.0`,
    ]
    const line = values.chance(0.05) ? values.pick(lines) : `${method} ${target} HTTP/1.1`
    if (/[\0-\x20\x7f].* HTTP|[^\0-\x7f]/.test(line.slice(method.length + 1)) || /[^A-Z]/.test(method))
      isProper = false
    const headers = values.chance(0.99) ? [`Host: ${host}`] : []
    while (values.chance(0.15)) headers.push(values.pick(ODD_HEADERS))
    if (values.chance(0.1)) headers.push(`Idempotency-Key: ${values.pick(KEYS)}`)
    if (values.chance(0.01)) {
      headers.push(values.pick(NO_HEADERS))
      isProper = false
    }
    const framing = this.#framing(body, request)
    if (headers.some((header) => /^(Expect: n|Upgrade|Connection)/.test(header)) || line.endsWith('1.0'))
      isProper = false
    const head = [line, ...headers, ...framing.headers].join('\r\n')
    const bytes = Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), ...framing.bytes])
    return { ...request, bytes, isProper: isProper && framing.isProper }
  }

  #framing(
    body: Buffer,
    { method, target }: FuzzRequest,
  ): { headers: string[]; bytes: Buffer[]; isProper: boolean } {
    const values = this.#values
    const length = `Content-Length: ${body.length}`
    if (body.length === 0 && (method !== 'POST' || values.chance(0.5)))
      return { headers: [], bytes: [], isProper: true }
    if (values.chance(0.1))
      return { headers: ['Transfer-Encoding: chunked'], bytes: this.#chunks(body), isProper: true }
    if (values.chance(0.03) && !/shutdown/i.test(target)) {
      const wrong = [
        `Content-Length: ${body.length + values.random.between(-5, 5)}`,
        'Content-Length: 99999999',
        'Transfer-Encoding: gzip',
      ]
      const both = [length, 'Transfer-Encoding: chunked']
      return { headers: values.chance(0.2) ? both : [values.pick(wrong)], bytes: [body], isProper: false }
    }
    return { headers: [length], bytes: [body], isProper: true }
  }

  #chunks(body: Buffer): Buffer[] {
    const values = this.#values
    const chunks: Buffer[] = []
    for (let at = 0; at < body.length; ) {
      const size = values.random.between(1, Math.max(1, body.length >> 1))
      const chunk = body.subarray(at, at + size)
      const extension = values.chance(0.1) ? ';a=b' : ''
      chunks.push(Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`), chunk, Buffer.from('\r\n'))
      at += size
    }
    return [...chunks, Buffer.from(values.chance(0.1) ? '0\r\nX-Trailer: a\r\n\r\n' : '0\r\n\r\n')]
  }
}

function decoded(target: string): string {
  try {
    return Buffer.from(decodeURIComponent(target)).toString('latin1')
  } catch {
    return target
  }
}

/** Sends a conversation. Resolves with what the hub sent. */
export function converse(port: number, { requests, splits, ending }: Conversation): Promise<Heard> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const answers: HttpAnswer[] = []
    const expected = requests.filter(({ isProper }) => isProper).length
    const isOrderly = expected === requests.length
    let received = Buffer.alloc(0)
    let isLate = false
    const end = (isClosed: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ answers, isClosed, rest: received.toString('latin1'), isLate })
    }
    const timer = setTimeout(() => {
      isLate = true
      end(false)
    }, QUIET_MS)
    socket.on('error', () => {}) // it may close while we still write
    socket.on('close', () => end(true))
    socket.on('end', () => socket.end())
    socket.on('data', (bytes) => {
      received = received.length > 0 ? Buffer.concat([received, bytes]) : bytes
      for (;;) {
        const parsed = nextAnswer(received, requests[answers.length]?.method)
        if (!parsed) break
        received = received.subarray(parsed.length)
        if (parsed.answer.status >= 200) answers.push(parsed.answer)
        if (parsed.answer.isStream) return end(false)
      }
      // A conversation of proper requests ends with the last answer. Any other one ends when the hub closes the connection.
      if (isOrderly && answers.length >= expected && ending !== 'close its side') end(false)
    })
    socket.once('connect', async () => {
      const bytes = Buffer.concat(requests.map((request) => request.bytes))
      let at = 0
      for (const split of [...splits, bytes.length]) {
        if (split > at) socket.write(bytes.subarray(at, split))
        at = Math.max(at, split)
        if (splits.length > 0) await turn()
      }
      if (ending === 'leave') end(false)
      else if (ending === 'close its side') socket.end()
    })
  })
}

/** The answer at the beginning of bytes; undefined if it is not whole yet. */
function nextAnswer(
  bytes: Buffer,
  method: string | undefined,
): { answer: HttpAnswer; length: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const [, code] = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine) ?? []
  if (code === undefined) return undefined
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  const status = Number(code)
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true
  const isBare = status < 200 || status === 304 || method === 'HEAD' || isStream
  const size = isBare ? 0 : Number(headers.get('content-length') ?? 0)
  const start = headEnd + 4
  if (bytes.length < start + size) return undefined
  const body = bytes.toString('utf8', start, start + size)
  return { answer: { status, headers, body, isStream }, length: start + size }
}
