// One acquire, which may wait in the hub's line for longer than one request (PROTOCOL §19). The hub keeps an agent's place for
// some seconds after a request, so the next one goes on where this one stood.

import { LONG_POLL_SEC, OVER_MS, pollTimeoutSec } from './long-poll.js'
import { checkedNumber } from './options.js'
import { type Reply, type Requester, withQuery } from './requester.js'
import { pause } from './waiting.js'

/** A hub that knows no line answers at once, and so does one that stops. */
const TRY_AGAIN_MS = 1_000

export interface Patience {
  /** Seconds. */
  readonly wait?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** Acquires; with `acquired: false` at the end of the wait. */
export async function acquire<T>(
  requester: Requester,
  path: string,
  body: object,
  { wait = 0, signal }: Patience,
): Promise<Reply<T>> {
  const deadline = performance.now() + checkedNumber('wait', wait) * 1_000
  for (;;) {
    const startedAt = performance.now()
    const waitSec = Math.min(Math.max(0, Math.round(deadline - startedAt) / 1_000), LONG_POLL_SEC)
    const target = waitSec > 0 ? withQuery(path, { timeout: waitSec }) : path
    const timeoutSec = pollTimeoutSec(waitSec, requester.timeoutSec)
    const reply = await requester.post<T>(target, body, { signal, timeoutSec })
    const leftMs = deadline - performance.now()
    if (reply.envelope.acquired === true || leftMs <= OVER_MS) return reply
    const isEarly = performance.now() - startedAt < waitSec * 500
    if (isEarly) await pause(Math.min(TRY_AGAIN_MS, leftMs), signal, requester.closing)
  }
}
