// A client as thin as node:http and node:net allow, so that the suite sees exactly what crosses the wire:
// no retries, no keep-alive, no headers of its own. `connectWire` sends well-framed requests with any body;
// `speak` writes bytes to a socket for what node:http would refuse to send.

import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Envelope } from '../../src/protocol/envelope.js'

/** No answer may take longer than this; long-polls of the suite are shorter. */
const DEADLINE_MS = 45_000

export interface Reply<T = unknown> {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The envelope; throws when the body is not JSON. */
  readonly json: Envelope<T>
  /** What a success carries (null for an absent thing); throws on a failure, with the hub's text. */
  readonly result: T
}

export type Query = Record<string, string | number | boolean>
export type Headers = Record<string, string>

export interface Wire {
  readonly url: string
  /** `body`: a string or bytes go out as they are, nothing means no body, all else is encoded as JSON. */
  call<T>(method: string, path: string, body?: unknown, headers?: Headers): Promise<Reply<T>>
  get<T>(path: string, query?: Query, headers?: Headers): Promise<Reply<T>>
  post<T>(path: string, body?: unknown, headers?: Headers): Promise<Reply<T>>
}

export function connectWire(url: string): Wire {
  const call = <T>(method: string, path: string, body?: unknown, headers: Headers = {}) =>
    exchange<T>(url, method, path, encodeBody(body), headers)
  return {
    url,
    call,
    get: (path, query, headers) => call('GET', `${path}${queryText(query)}`, undefined, headers),
    post: (path, body, headers) => call('POST', path, body, headers),
  }
}

function queryText(query: Query = {}): string {
  const pairs = Object.entries(query).map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

function encodeBody(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined
  if (body instanceof Uint8Array) return Buffer.from(body)
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

// One connection a request: what a test sees never depends on what an earlier one left in a pool.
const agent = new Agent({ keepAlive: false })

function exchange<T>(url: string, method: string, path: string, body: Buffer | undefined, headers: Headers) {
  return new Promise<Reply<T>>((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const framing = body === undefined ? {} : { 'content-length': String(body.length) }
    const options = { hostname: hostname.replace(/^\[|\]$/g, ''), port, method, path, agent }
    const signal = AbortSignal.timeout(DEADLINE_MS)
    const sent = request({ ...options, signal, headers: { ...framing, ...headers } }, (received) => {
      const chunks: Buffer[] = []
      received.on('data', (chunk: Buffer) => chunks.push(chunk))
      received.on('error', reject)
      received.on('end', () => {
        resolve(reply<T>(received.statusCode ?? 0, received.headers, Buffer.concat(chunks).toString('utf8')))
      })
    })
    sent.on('error', (cause) => reject(new Error(`${method} ${path}: ${cause.message}`, { cause })))
    sent.end(body)
  })
}

function reply<T>(status: number, headers: IncomingHttpHeaders, text: string): Reply<T> {
  return {
    status,
    headers,
    text,
    get json(): Envelope<T> {
      return JSON.parse(text)
    },
    get result(): T {
      const envelope = this.json
      if (!envelope.ok || envelope.result === undefined)
        throw new Error(`expected a result: ${status} ${text}`)
      return envelope.result
    },
  }
}

/** What came back over a socket: header names in lower case, each as often as it was sent. */
export interface RawReply {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly text: string
}

/**
 * Writes `head` and then `body`, chunk by chunk, while the hub listens; resolves with its answer once the
 * hub has closed the connection, and rejects if it keeps it open for `deadlineMs`.
 */
export async function speak(
  url: string,
  head: string,
  body: Iterable<Uint8Array> = [],
  deadlineMs = 10_000,
): Promise<RawReply> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ''))
  const received: Buffer[] = []
  // A reset while we still write is the hub's right; what it said before that is what counts.
  socket.on('error', () => {})
  const closed = new Promise<'closed'>((resolve) => socket.once('close', () => resolve('closed')))
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  const stop = new AbortController()
  const timedOut = delay(deadlineMs, 'open' as const, { signal: stop.signal }).catch(() => 'closed' as const)
  socket.write(head)
  for (const chunk of body) {
    if (socket.destroyed) break
    if (socket.write(chunk)) continue
    const drained = new Promise<void>((resolve) => socket.once('drain', resolve))
    await Promise.race([drained, closed, timedOut])
  }
  const end = await Promise.race([closed, timedOut])
  stop.abort()
  socket.destroy()
  const raw = parseRaw(Buffer.concat(received).toString('utf8'))
  if (end === 'open') throw new Error(`the hub kept the connection open; it answered ${raw.status}`)
  return raw
}

function parseRaw(answer: string): RawReply {
  const headEnd = answer.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = answer.slice(0, Math.max(headEnd, 0)).split('\r\n')
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, text: answer.slice(headEnd + 4) }
}
