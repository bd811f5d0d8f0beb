// A request as the dispatcher sees it. An HTTP request and a request file both implement it.

import type { Answer } from '../protocol/envelope.js'

export interface DoorRequest {
  readonly method: string
  /** Path with query. */
  readonly target: string
  /** The key of a request that may be repeated without a second effect (PROTOCOL §9). */
  readonly idempotency?:
    | { readonly scope: string; readonly key: string; readonly bytes: string | Buffer }
    | undefined
  /** With `idempotency`: returns only a stored answer, and executes nothing. */
  readonly replayOnly?: boolean | undefined
  /** Called when the request is parked. */
  readonly parked?: (() => void) | undefined
  readonly abandonment: Abandonment
  /** @throws ArcError 400 when the body is not a JSON object in UTF-8 */
  parseBody(): Record<string, unknown>
  /** Called once. Not called for a stream, which `openStream` returns. */
  answer(answer: Answer): void
}

/** Says that nobody waits for the answer any more. */
export interface Abandonment {
  readonly happened: boolean
  /** Calls back when it happens, unless it has happened. One callback at a time. */
  on(callback: () => void): void
  off(callback: () => void): void
}
