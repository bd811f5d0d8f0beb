// What has come through a door, as the dispatcher sees it: an HTTP request and a request file look the same from here on.

import type { Answer } from '../protocol/envelope.js'

export interface DoorRequest {
  readonly method: string
  /** Path with query. */
  readonly target: string
  /** Set for a request that may be repeated without a second effect (PROTOCOL §9). */
  readonly idempotency?:
    | { readonly scope: string; readonly key: string; readonly bytes: string | Buffer }
    | undefined
  /** With `idempotency`: give the stored answer if there is one, but execute nothing. */
  readonly replayOnly?: boolean | undefined
  /** Called when the request begins to wait for a message. */
  readonly parked?: (() => void) | undefined
  readonly abandonment: Abandonment
  /** @throws ArcError 400 when the body is not a JSON object in UTF-8 */
  parseBody(): Record<string, unknown>
  /** Called once; not for a stream, which `openStream` returns. */
  answer(answer: Answer): void
}

/** Whether anybody still waits for the answer. */
export interface Abandonment {
  readonly happened: boolean
  /** Calls back when it happens, unless it has before; one callback at a time. */
  on(callback: () => void): void
  off(callback: () => void): void
}
