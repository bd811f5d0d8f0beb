// Decides whether to try again, by pure functions: no clock, no socket, no state.
//
// A GET may always be sent again. A POST or DELETE may be sent again in two cases: nothing was sent (the connection was
// refused), or the hub replays answers by idempotency key (PROTOCOL §9). If that is unknown at the first failure, the
// verdict is `ask`.

import type { ArcError } from '../protocol/errors.js'
import type { Method } from './transport.js'

const FIRST_DELAY_MS = 50
const LONGEST_DELAY_MS = 1_000

/** What the client knows about a request after a failed try. */
export interface Tried {
  readonly method: Method
  /** Failed tries so far, this one included. */
  readonly failures: number
  /** A try may have reached the hub, and its answer was lost. */
  readonly maybeDone: boolean
  /** Whether the hub replays answers by idempotency key; undefined until the client has asked. */
  readonly hubReplays: boolean | undefined
  readonly sinceFirstFailureMs: number
  /** Milliseconds after the first failure in which a try may start. `Infinity`: until aborted. */
  readonly retryForMs: number
  /** The hub's Retry-After, in seconds. */
  readonly retryAfterSec?: number | undefined
}

export type Verdict =
  | { readonly next: 'retry'; readonly delayMs: number }
  /** Learn from hub-info whether the hub replays, then decide again. */
  | { readonly next: 'ask'; readonly delayMs: number }
  | { readonly next: 'give_up' }

const GIVE_UP: Verdict = { next: 'give_up' }

export function decide(failure: ArcError, tried: Tried, random: () => number = Math.random): Verdict {
  if (!isPassing(failure, tried)) return GIVE_UP
  const leftMs = tried.retryForMs - tried.sinceFirstFailureMs
  const askedMs = (tried.retryAfterSec ?? 0) * 1_000
  if (leftMs <= 0 || askedMs > leftMs) return GIVE_UP
  const delayMs = Math.max(askedMs, Math.min(backoffMs(tried.failures, random), leftMs))
  const nothingSent = failure.code === 'no_hub' && !tried.maybeDone
  if (tried.method === 'GET' || nothingSent || tried.hubReplays === true) return { next: 'retry', delayMs }
  return tried.hubReplays === undefined ? { next: 'ask', delayMs } : GIVE_UP
}

/**
 * Whether the failure may pass by itself: no hub, a lost connection, 503. A read that goes on until aborted also survives
 * a time-out, since a laptop's sleep looks like one.
 */
function isPassing(failure: ArcError, tried: Tried): boolean {
  if (failure.retryable) return true
  return isSilence(failure) && tried.method === 'GET' && tried.retryForMs === Infinity
}

/** No answer in time: over a socket, over files that no hub took, or from a hub that a relay can't reach. */
export function isSilence({ code }: ArcError): boolean {
  return code === 'timeout' || code === 'not_executed' || code === 'hub_unreachable'
}

/** Milliseconds before try number `failures + 1`: 50, doubled up to 1,000; the upper half is random. */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 16), LONGEST_DELAY_MS)
  return (ceiling * (1 + random())) / 2
}
