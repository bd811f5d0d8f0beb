// The transport over sockets: it builds requests, reads answers, and says what each failure means.
//
// Guarantees: it reads every response body to its end; an abort frees its socket; every failure is an `ArcError` that
// says whether the request can have reached the hub. `close` ends it.

import type { Envelope } from '../protocol/envelope.js'
import { ArcError } from '../protocol/errors.js'
import { withoutMark } from '../protocol/json.js'
import {
  type Connect,
  type Connections,
  connectionError,
  type RawRequest,
  TIMEOUT_CODES,
} from './connections.js'
import { pooledConnections } from './pooled-connections.js'
import { refusal } from './refusal.js'
import { requestText } from './request-text.js'
import type { Transport, TransportAnswer, TransportRequest, TransportStream } from './transport.js'
import { abortedError, closedError, throwIfAborted, untilAborted } from './waiting.js'

export interface HttpTransportOptions {
  /** `http://host:port`, with a path if the hub stands behind one. */
  readonly baseUrl: string
  /** Seconds to connect. */
  readonly connectTimeoutSec: number
  /** Default: a pool, for an agent that sends many requests. */
  readonly connect?: Connect | undefined
}

/** The codes for a path or header that can't be sent, of either kind of connections. */
const INVALID_REQUEST_CODES = ['UND_ERR_INVALID_ARG', 'ERR_UNESCAPED_CHARACTERS', 'ERR_INVALID_CHAR']

export class HttpTransport implements Transport {
  readonly #connections: Connections
  readonly #url: string
  readonly #prefix: string
  #closed = false

  constructor(options: HttpTransportOptions) {
    const url = parseBaseUrl(options.baseUrl)
    this.#prefix = url.pathname.replace(/\/+$/, '')
    this.#url = `${url.origin}${this.#prefix}`
    const connect = options.connect ?? pooledConnections
    this.#connections = connect(url.origin, options.connectTimeoutSec * 1_000)
  }

  request(request: TransportRequest): Promise<TransportAnswer> {
    // undici looks at a signal only once it has a connection; `untilAborted` covers the connect.
    return untilAborted(this.#exchange(request), request.signal)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#connections.destroy(closedError()).catch(() => {})
  }

  open(request: TransportRequest): Promise<TransportStream> {
    return untilAborted(this.#open(request), request.signal)
  }

  async #exchange(request: TransportRequest): Promise<TransportAnswer> {
    const answer = await this.#ask(request, (raw) => this.#connections.exchange(raw))
    const { status, headers, text } = answer
    const envelope = parseEnvelope(text)
    if (!envelope) throw this.#notArc(`HTTP ${status}, ${headers['content-type'] ?? 'no content type'}`)
    return {
      status,
      envelope,
      text,
      instanceId: single(headers['x-arc-instance']),
      retryAfterSec: seconds(single(headers['retry-after'])),
    }
  }

  async #open(request: TransportRequest): Promise<TransportStream> {
    const { open } = this.#connections
    if (!open) throw new ArcError('invalid_request', 'these connections have no streams')
    const { status, headers, body } = await this.#ask(request, open)
    const texts = this.#texts(body, request)
    if (status === 200) return { texts, instanceId: single(headers['x-arc-instance']) }
    let text = ''
    for await (const part of texts) text += part
    const envelope = parseEnvelope(text)
    if (!envelope) throw this.#notArc(`HTTP ${status}, ${headers['content-type'] ?? 'no content type'}`)
    throw refusal({ status, envelope })
  }

  async *#texts(body: AsyncIterable<Uint8Array>, request: TransportRequest): AsyncGenerator<string> {
    const decoder = new TextDecoder()
    try {
      for await (const bytes of body) yield decoder.decode(bytes, { stream: true })
    } catch (error) {
      throw this.#errorOf(error, request)
    }
  }

  /** Sends a request. @throws ArcError that says whether it can have reached the hub */
  async #ask<T>(request: TransportRequest, send: (raw: RawRequest) => Promise<T>): Promise<T> {
    throwIfAborted(request.signal)
    if (this.#closed) throw closedError()
    const raw = {
      method: request.method,
      path: this.#prefix + request.path,
      headers: requestHeaders(request),
      body: request.body === undefined ? null : requestText(request.body),
      timeoutMs: Math.ceil(request.timeoutSec * 1_000),
      signal: request.signal,
    }
    try {
      return await send(raw)
    } catch (error) {
      throw this.#errorOf(error, request)
    }
  }

  #errorOf(error: unknown, request: TransportRequest): unknown {
    if (request.signal?.aborted) return abortedError(request.signal)
    return this.#closed ? closedError() : this.#failure(error, request)
  }

  #failure(error: unknown, request: TransportRequest): ArcError {
    const { name, code, message, isUnconnected } = connectionError(error)
    const what = `${request.method} ${request.path.split('?', 1)[0]}`
    if (isUnconnected) return this.#noHub(code, error)
    if (TIMEOUT_CODES.includes(code)) {
      const text = `the hub at ${this.#url} did not answer ${what} within ${request.timeoutSec} s`
      return new ArcError('timeout', text, { cause: error })
    }
    if (code === 'UND_ERR_HEADERS_OVERFLOW' || isParserError(name, code, message)) {
      return this.#notArc('what it says is not HTTP', error)
    }
    if (INVALID_REQUEST_CODES.includes(code)) {
      return new ArcError('invalid_request', `${what} cannot be sent: ${message}`, { cause: error })
    }
    if (request.method === 'GET') {
      const text = `the connection to the hub at ${this.#url} was lost before it answered ${what}: try again`
      return new ArcError('unavailable', text, { cause: error })
    }
    const text =
      `the connection to the hub at ${this.#url} was lost after ${what} was sent: ` +
      'it may or may not have been done; look before you send it again'
    return new ArcError('outcome_unknown', text, { cause: error })
  }

  #noHub(code: string, cause: unknown): ArcError {
    // Every failure but ECONNREFUSED is "unreachable": no route, no such name, a sandbox that forbids sockets (EPERM,
    // EACCES). PROTOCOL §12 fixes the two phrases; agents branch on them (§13).
    const why = code === 'ECONNREFUSED' ? 'connection refused' : 'network unreachable'
    const detail = code === 'ENOTFOUND' ? `${code}: the name of the host is unknown` : code
    const text =
      `no hub answers at ${this.#url}: ${why} (${detail}). On the host, start one with \`arc ensure\` ` +
      'or give the base URL of the one that runs; from a sandbox never start one, use the file relay'
    return new ArcError('no_hub', text, { cause })
  }

  #notArc(evidence: string, cause?: unknown): ArcError {
    const text =
      `something answers at ${this.#url}, but it is not an Arc hub (${evidence}): ` +
      'check the base URL, or start the hub on another port'
    return new ArcError('bad_answer', text, { cause })
  }
}

function parseBaseUrl(baseUrl: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new ArcError(
    'invalid_request',
    `baseUrl must be an http:// or https:// URL, not ${JSON.stringify(baseUrl)}`,
  )
}

function requestHeaders(request: TransportRequest): Record<string, string> {
  const headers: Record<string, string> = {}
  if (request.body !== undefined) headers['content-type'] = 'application/json'
  if (request.idempotencyKey !== undefined) headers['idempotency-key'] = request.idempotencyKey
  return headers
}

function parseEnvelope(text: string): Envelope | undefined {
  let value: unknown
  try {
    value = JSON.parse(withoutMark(text))
  } catch {
    return undefined
  }
  const isEnvelope =
    typeof value === 'object' && value !== null && 'ok' in value && typeof value.ok === 'boolean'
  return isEnvelope ? (value as Envelope) : undefined
}

const single = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header)

const seconds = (header: string | undefined) =>
  header && /^[0-9]+$/.test(header) ? Number(header) : undefined

/** Not for an answer that breaks off: the parser reports that too, but the connection was lost. undici gives no code. */
function isParserError(name: string, code: string, message: string): boolean {
  if (name === 'HTTPParserError') return !/\bEOF\b/.test(message)
  return code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE'
}
