// Sends answers through the HTTP door: status, headers and body. It also decides when a connection closes.

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Answer } from '../protocol/envelope.js'
import { Connection } from './connection.js'
import type { SiteAnswer } from './site.js'

export interface RepliesOptions {
  readonly instanceId: string
  /** The methods of a target, for a 405. */
  readonly methodsAt: (target: string) => readonly string[]
}

/** Milliseconds for which it reads and drops the rest of a refused request, so that the sender can read the answer. */
const LINGER_MS = 2_000
const RETRY_AFTER_SEC = '1'
/** Headers of every answer: a page that embeds one can neither use nor read it. */
const CLOSED_TO_PAGES = ['X-Content-Type-Options', 'nosniff', 'Cross-Origin-Resource-Policy', 'same-origin']

export class Replies {
  readonly #options: RepliesOptions
  /** Refusals that wait for the rest of their requests, and what ends the wait. */
  readonly #lingering = new Map<ServerResponse<IncomingMessage>, () => void>()
  #closing = false

  constructor(options: RepliesOptions) {
    this.#options = options
  }

  /** From now on each connection closes after its answer. */
  close(): void {
    this.#closing = true
  }

  /** Sends an answer, or drops it if nobody can read it any more. An answer that can't be sent is a defect: it throws. */
  send(response: ServerResponse<IncomingMessage>, answer: Answer): void {
    if (isOver(response)) return
    if (this.#closing) response.shouldKeepAlive = false
    response.writeHead(answer.status, this.#headers(answer, response.req.url))
    response.end(answer.body)
    Connection.of(response.req.socket).answered(response)
  }

  /**
   * Refuses a request whose body was not read to its end, so the connection can't be used again. It answers at once, reads
   * the rest of the body for `LINGER_MS`, and closes the connection.
   */
  refuse(response: ServerResponse<IncomingMessage>, answer: Answer): void {
    if (isOver(response)) return
    const request = response.req
    response.shouldKeepAlive = false
    response.writeHead(answer.status, this.#headers(answer, request.url))
    if (request.complete || request.method === 'HEAD') return void response.end(answer.body)
    response.write(answer.body)
    const close = () => {
      clearTimeout(timer)
      this.#lingering.delete(response)
      if (!isGone(response)) response.end()
    }
    const timer = setTimeout(close, LINGER_MS)
    this.#lingering.set(response, close)
    request.once('end', close).once('close', close).resume()
  }

  /** Call it if a request breaks off after its answer has begun. A refusal then ends whole; any other answer is cut off. */
  expectNoRest(response: ServerResponse<IncomingMessage>): void {
    const close = this.#lingering.get(response)
    if (close) close()
    else response.req.socket.destroy()
  }

  /** Refuses bytes that are no request: there is no response object. Closes the connection. */
  refuseConnection(socket: Socket, answer: Answer): void {
    if (!socket.writable) return void socket.destroy()
    const lines = [
      `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`,
      `Date: ${new Date().toUTCString()}`,
    ]
    const headers = this.#headers(answer)
    for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`)
    socket.end(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n${answer.body}`)
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('close', () => clearTimeout(timer)).resume()
    socket.on('error', () => socket.destroy()) // Node has no error handler on a tunnel's socket
  }

  sendFile(response: ServerResponse<IncomingMessage>, { status, headers, body }: SiteAnswer): void {
    response.writeHead(status, { ...headers, 'X-Arc-Instance': this.#options.instanceId })
    response.end(body)
  }

  /** Begins an answer that lasts until its reader leaves. */
  begin(response: ServerResponse, headers: readonly string[]): void {
    response.shouldKeepAlive = false
    response.writeHead(200, [...headers, 'X-Arc-Instance', this.#options.instanceId, ...CLOSED_TO_PAGES])
  }

  #headers(answer: Answer, target = ''): string[] {
    const headers = [
      'Content-Type',
      'application/json',
      'Content-Length',
      String(Buffer.byteLength(answer.body)),
      'X-Arc-Instance',
      this.#options.instanceId,
      ...CLOSED_TO_PAGES,
    ]
    if (answer.replayed) headers.push('Idempotency-Replayed', 'true')
    if (answer.status === 503) headers.push('Retry-After', RETRY_AFTER_SEC)
    if (answer.status === 405) headers.push('Allow', allowed(this.#options.methodsAt(target)))
    return headers
  }
}

/**
 * Whether nobody can read the answer. Between a socket's destruction and its `close`, Node still parses requests that had
 * arrived. `response.end` on such a socket fails an assertion in Node, which ends the thread.
 */
export function isGone(response: ServerResponse<IncomingMessage>): boolean {
  return response.destroyed || response.req.socket.destroyed
}

/** Whether nobody can read the answer, or the request was refused before. */
function isOver(response: ServerResponse<IncomingMessage>): boolean {
  return isGone(response) || response.headersSent
}

function allowed(methods: readonly string[]): string {
  return methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')
}
