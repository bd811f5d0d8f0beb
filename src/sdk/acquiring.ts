// One acquire, which may wait in the hub's line for longer than one request (PROTOCOL §19). The hub keeps an agent's place for
// some seconds after a request, so the next one goes on where this one stood.

import { LONG_POLL_SEC, OVER_MS, pollTimeoutSec } from './long-poll.js'
import { checkedNumber } from './options.js'
import { newRequestName } from './request-name.js'
import { REPLAY_FEATURE, type Reply, type Requester, withQuery } from './requester.js'
import { isAbort, pause } from './waiting.js'

/** A hub that knows no line answers at once, and so does one that stops. */
const TRY_AGAIN_MS = 1_000

export interface Patience {
  /** Seconds. */
  readonly wait?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** Gives back what nobody has learned of. */
export type GiveBack<T> = (reply: Reply<T>) => Promise<unknown>

/**
 * Acquires; with `acquired: false` at the end of the wait. If the caller aborts while the hub grants it, `giveBack` gets what
 * the hub says when it is asked the same again. That is done in the background; `requester.settled` waits for it.
 */
export async function acquire<T>(
  requester: Requester,
  path: string,
  body: object,
  { wait = 0, signal }: Patience,
  giveBack: GiveBack<T>,
): Promise<Reply<T>> {
  const deadline = performance.now() + checkedNumber('wait', wait) * 1_000
  await requester.settled() // else what is given back may be what this call gets
  for (;;) {
    const startedAt = performance.now()
    const waitSec = Math.min(Math.max(0, Math.round(deadline - startedAt) / 1_000), LONG_POLL_SEC)
    const target = waitSec > 0 ? withQuery(path, { timeout: waitSec }) : path
    const timeoutSec = pollTimeoutSec(waitSec, requester.timeoutSec)
    const idempotencyKey = newRequestName()
    const again = () => requester.post<T>(target, body, { idempotencyKey, timeoutSec: 2, retryForSec: 0 })
    const ask = requester.post<T>(target, body, { signal, timeoutSec, idempotencyKey })
    const reply = await ask.catch((error: unknown) => {
      if (isAbort(error)) requester.inBackground(returned(requester, again, giveBack))
      throw error
    })
    const leftMs = deadline - performance.now()
    if (reply.envelope.acquired === true || leftMs <= OVER_MS) return reply
    const isEarly = performance.now() - startedAt < waitSec * 500
    if (isEarly) await pause(Math.min(TRY_AGAIN_MS, leftMs), signal, requester.closing)
  }
}

/** An abort does not tell whether the hub has granted it. The same request with its key does. */
async function returned<T>(
  requester: Requester,
  again: () => Promise<Reply<T>>,
  giveBack: GiveBack<T>,
): Promise<void> {
  if (!(await requester.announces(REPLAY_FEATURE, { retryForSec: 0 }))) return
  const reply = await again()
  if (reply.envelope.acquired === true) await giveBack(reply)
}
