// An HTTP request as the dispatcher sees it. It builds its parts at their first use. It is abandoned when its client
// leaves.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Abandonment, DoorRequest } from '../dispatch/request.js'
import type { Answer } from '../protocol/envelope.js'
import { parseBody } from './body.js'
import { Connection } from './connection.js'
import type { Replies } from './replies.js'

/** The scope of all idempotency keys over HTTP (PROTOCOL §9). */
const IDEMPOTENCY_SCOPE = 'http'

export class HttpRequest implements DoorRequest, Abandonment {
  readonly #replies: Replies
  readonly #request: IncomingMessage
  readonly #response: ServerResponse<IncomingMessage>
  readonly #bytes: Buffer | undefined

  /** `bytes`: the whole body, if the request has one. */
  constructor(replies: Replies, response: ServerResponse<IncomingMessage>, bytes?: Buffer) {
    this.#replies = replies
    this.#request = response.req
    this.#response = response
    this.#bytes = bytes
  }

  /** HEAD counts as GET; Node sends no body then. */
  get method(): string {
    const { method = '' } = this.#request
    return method === 'HEAD' ? 'GET' : method
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
    return this.#response.destroyed || Connection.of(this.#request.socket).left
  }

  on(callback: () => void): void {
    Connection.of(this.#request.socket).onLeft(callback)
  }

  off(callback: () => void): void {
    Connection.of(this.#request.socket).offLeft(callback)
  }
}
