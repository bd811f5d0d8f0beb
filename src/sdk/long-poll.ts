// Long-polls, one after another, until something comes or the time is over. They outlast restarts and outages of the hub.

import { ArcError } from '../protocol/errors.js'
import { MAX_POLL_SEC } from '../protocol/limits.js'
import type { Requester } from './requester.js'
import { backoffMs, isSilence } from './retry.js'
import { pause } from './waiting.js'

/** Seconds of one long-poll by default: far below the hub's 60, and below most proxies' time-outs. */
export const LONG_POLL_SEC = 30
/** A client waits at least this many seconds longer than the hub (PROTOCOL §1). */
const POLL_MARGIN_SEC = 5
/** A wait ends when fewer milliseconds than this are left: clocks and timers differ by a few. */
export const OVER_MS = 20

export interface WaitOptions {
  /** Seconds to wait for the first row. */
  readonly waitSec: number
  readonly signal?: AbortSignal | undefined
  /** Retries through every outage until aborted. Default: gives up after the client's `retryFor`. */
  readonly persist?: boolean | undefined
}

/** What a look gives that has to be repeated at once, without a wait at the hub. */
export const AGAIN = Symbol('again')

/** Repeats `look` until it finds something. It gets the seconds to wait at the hub. Undefined after `waitSec`. */
export async function waitFor<T>(
  requester: Requester,
  { waitSec: totalSec, signal, persist = false }: WaitOptions,
  look: (waitSec: number) => Promise<T | typeof AGAIN | undefined>,
): Promise<T | undefined> {
  const deadline = performance.now() + totalSec * 1_000
  let setbacks = 0
  let isLook = false
  for (;;) {
    const startedAt = performance.now()
    const waitSec = isLook ? 0 : Math.max(0, Math.min(Math.ceil(deadline - startedAt) / 1_000, MAX_POLL_SEC))
    try {
      const found = await look(waitSec)
      if (found === AGAIN) {
        isLook = true
        continue
      }
      if (found !== undefined) return found
      const leftMs = deadline - performance.now()
      if (leftMs <= OVER_MS) return undefined
      // A hub that shuts down answers long-polls early, with nothing. Without a pause this loop would spin.
      const isEarly = !isLook && performance.now() - startedAt < waitSec * 500
      isLook = false
      if (!isEarly) continue
      setbacks++
      await pause(Math.min(backoffMs(setbacks), leftMs), signal, requester.closing)
    } catch (error) {
      const mayLook = waitSec > 0 && (persist || requester.retryForSec > 0)
      if (!mayLook || !isPassing(error, persist)) throw error
      // The next try does not wait at the hub. The outage may be a reset, and a long-poll after an id of the old state
      // would sleep through the messages of the new one.
      isLook = true
      setbacks = performance.now() - startedAt > 1_000 ? 1 : setbacks + 1
      await pause(backoffMs(setbacks), signal, requester.closing)
    }
  }
}

/** For the request of one look: how long the client waits for the answer, and tries again. */
export function patienceOf(waitSec: number, { persist }: WaitOptions, requester: Requester) {
  return {
    timeoutSec: pollTimeoutSec(waitSec, requester.timeoutSec),
    // After a lost long-poll comes a look (see above), not the same long-poll.
    retryForSec: waitSec > 0 ? 0 : persist ? Infinity : undefined,
  }
}

/** Seconds that a client waits for the answer to a request that the hub may hold for `waitSec`. */
export function pollTimeoutSec(waitSec: number, timeoutSec: number): number {
  return waitSec > 0 ? waitSec + Math.max(POLL_MARGIN_SEC, timeoutSec) : timeoutSec
}

/** Whether a reader that waits goes on after this error. */
export function isPassing(error: unknown, persist: boolean): boolean {
  return error instanceof ArcError && (error.retryable || (persist && isSilence(error)))
}
