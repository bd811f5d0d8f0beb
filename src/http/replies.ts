// How answers leave the HTTP door: status, headers, body, and what becomes of the connection.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../protocol/envelope.js'
import type { SiteAnswer } from './site.js'

/** How long the rest of a refused body is read and thrown away, so that its sender gets to see the answer. */
const LINGER_MS = 2_000
const RETRY_AFTER_SEC = '1'

export class Replies {
  readonly #instanceId: string
  #closing = false

  constructor(instanceId: string) {
    this.#instanceId = instanceId
  }

  /** The door closes: connections end with the answers that they wait for. */
  close(): void {
    this.#closing = true
  }

  /** An answer that can't be sent is a defect, and ends the actor. */
  send(response: ServerResponse, answer: Answer): void {
    if (response.destroyed) return // the client has gone
    if (this.#closing) response.shouldKeepAlive = false
    response.writeHead(answer.status, this.#headers(answer))
    response.end(answer.body)
  }

  /**
   * Refuses a request whose body was not read, or not to its end: nothing that follows on its connection can be trusted.
   * Answers at once, then reads the rest of the body for a while before the connection is closed.
   */
  refuse(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    if (response.destroyed) return
    response.shouldKeepAlive = false
    response.writeHead(answer.status, this.#headers(answer))
    if (request.complete) return void response.end(answer.body)
    response.write(answer.body)
    const close = () => {
      clearTimeout(timer)
      response.end()
    }
    const timer = setTimeout(close, LINGER_MS)
    request.once('end', close).once('close', close).resume()
  }

  sendFile(response: ServerResponse, { status, headers, body }: SiteAnswer): void {
    response.writeHead(status, { ...headers, 'X-Arc-Instance': this.#instanceId })
    response.end(body)
  }

  /** Begins an answer that goes on until its reader leaves. */
  begin(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
    response.writeHead(200, { ...headers, 'X-Arc-Instance': this.#instanceId })
    response.shouldKeepAlive = false
  }

  #headers(answer: Answer): string[] {
    const headers = [
      'Content-Type',
      'application/json',
      'Content-Length',
      String(Buffer.byteLength(answer.body)),
      'X-Arc-Instance',
      this.#instanceId,
    ]
    if (answer.replayed) headers.push('Idempotency-Replayed', 'true')
    if (answer.status === 503) headers.push('Retry-After', RETRY_AFTER_SEC)
    return headers
  }
}
