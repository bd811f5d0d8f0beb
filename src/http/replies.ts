// How answers leave the HTTP door: status, headers, body, and what becomes of the connection.

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Answer } from '../protocol/envelope.js'
import type { SiteAnswer } from './site.js'

export interface RepliesOptions {
  readonly instanceId: string
  /** The methods that are served at a target, for a 405. */
  readonly methodsAt: (target: string) => readonly string[]
}

/** How long the rest of a refused request is read and thrown away, so that its sender gets to see the answer. */
const LINGER_MS = 2_000
const RETRY_AFTER_SEC = '1'
/** On every answer: a page that embeds it makes nothing of it, and does not get to see it. */
const CLOSED_TO_PAGES = ['X-Content-Type-Options', 'nosniff', 'Cross-Origin-Resource-Policy', 'same-origin']

export class Replies {
  readonly #options: RepliesOptions
  #closing = false

  constructor(options: RepliesOptions) {
    this.#options = options
  }

  /** The door closes: connections end with the answers that they wait for. */
  close(): void {
    this.#closing = true
  }

  /** An answer that can't be sent is a defect, and ends the actor; one that nobody can read any more is dropped. */
  send(response: ServerResponse<IncomingMessage>, answer: Answer): void {
    if (isOver(response)) return
    if (this.#closing) response.shouldKeepAlive = false
    response.writeHead(answer.status, this.#headers(answer, response.req.url))
    response.end(answer.body)
  }

  /**
   * Refuses a request whose body was not read, or not to its end: nothing that follows on its connection can be trusted.
   * Answers at once, then reads the rest of the body for a while before the connection is closed.
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
      if (!isGone(response)) response.end()
    }
    const timer = setTimeout(close, LINGER_MS)
    request.once('end', close).once('close', close).resume()
  }

  /** Refuses what was no request, so that there is nothing to respond to, and closes the connection. */
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
    socket.on('error', () => socket.destroy()) // a socket that asked for a tunnel is Node's no longer
  }

  sendFile(response: ServerResponse<IncomingMessage>, { status, headers, body }: SiteAnswer): void {
    response.writeHead(status, { ...headers, 'X-Arc-Instance': this.#options.instanceId })
    response.end(body)
  }

  /** Begins an answer that goes on until its reader leaves. */
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
 * Nobody reads the answer any more. Between the moment in which a socket is destroyed and its `close`, requests may still come out
 * of what it had received; to end a response then trips an assertion in Node, which ends the thread.
 */
export function isGone(response: ServerResponse<IncomingMessage>): boolean {
  return response.destroyed || response.req.socket.destroyed
}

/** Gone, or refused already: its body was broken off while it was being answered. */
function isOver(response: ServerResponse<IncomingMessage>): boolean {
  return isGone(response) || response.headersSent
}

function allowed(methods: readonly string[]): string {
  return methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')
}
