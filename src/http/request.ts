// A request that came over HTTP, as the dispatcher sees it. Its parts are made when they are asked for. It is abandoned
// when its connection goes.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Abandonment, DoorRequest } from '../dispatch/request.js'
import type { Answer } from '../protocol/envelope.js'
import { parseBody } from './body.js'
import type { Replies } from './replies.js'

/** The scope of all idempotency keys that come over HTTP (PROTOCOL §9). */
const IDEMPOTENCY_SCOPE = 'http'

export class HttpRequest implements DoorRequest, Abandonment {
  readonly #replies: Replies
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #bytes: Buffer | undefined

  /** `bytes` is the whole body of a request that has one. */
  constructor(replies: Replies, request: IncomingMessage, response: ServerResponse, bytes?: Buffer) {
    this.#replies = replies
    this.#request = request
    this.#response = response
    this.#bytes = bytes
  }

  get method(): string {
    return this.#request.method ?? ''
  }

  get target(): string {
    return this.#request.url ?? ''
  }

  get idempotency(): DoorRequest['idempotency'] {
    const key = this.#request.headers['idempotency-key']
    return key === undefined
      ? undefined
      : { scope: IDEMPOTENCY_SCOPE, key: String(key), bytes: this.#bytes ?? '' }
  }

  /** @throws ArcError 400 when the body is not a JSON object in UTF-8 */
  parseBody(): Record<string, unknown> {
    return this.#bytes ? parseBody(this.#bytes) : {}
  }

  answer(answer: Answer): void {
    this.#replies.send(this.#response, answer)
  }

  get abandonment(): Abandonment {
    return this
  }

  get happened(): boolean {
    return this.#response.destroyed
  }

  on(callback: () => void): void {
    this.#response.on('close', callback)
  }

  off(callback: () => void): void {
    this.#response.off('close', callback)
  }
}
