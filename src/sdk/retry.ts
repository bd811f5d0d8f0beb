// When to try again, as pure functions: no clock, no socket, no state of their own.
//
// A GET may always be repeated. A POST or DELETE may be repeated when nothing can have been sent (the
// connection was refused), or when the hub remembers answers by idempotency key (PROTOCOL §9). Whether it
// does may be unknown at the first failure; the verdict is then to ask it.

import type { ArcError } from '../protocol/errors.js'
import type { Method } from './transport.js'

const FIRST_DELAY_MS = 50
const LONGEST_DELAY_MS = 1_000

/** What is known about a request when a try of it has failed. */
export interface Tried {
  readonly method: Method
  /** Failed tries so far, this one included. */
  readonly failures: number
  /** A try of it may have reached the hub, and its answer was lost. */
  readonly maybeDone: boolean
  /** Whether the hub replays answers by idempotency key; undefined when it has not been asked yet. */
  readonly hubReplays: boolean | undefined
  readonly sinceFirstFailureMs: number
  /** How long after the first failure tries may start. `Infinity`: go on until aborted. */
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
 * Whether the failure may pass by itself: no hub, a lost connection, 503. A read that is to go on until it
 * is aborted also outlives a timeout, which is what a laptop's sleep looks like from inside.
 */
function isPassing(failure: ArcError, tried: Tried): boolean {
  if (failure.retryable) return true
  return isSilence(failure) && tried.method === 'GET' && tried.retryForMs === Infinity
}

/** No answer in time: over a socket, over files that no hub has looked at, or from a hub that a relay can't reach. */
export function isSilence({ code }: ArcError): boolean {
  return code === 'timeout' || code === 'not_executed' || code === 'hub_unreachable'
}

/** Milliseconds before try number `failures + 1`: 50 doubling to 1,000, of which the upper half is random. */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const ceiling = Math.min(FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 16), LONGEST_DELAY_MS)
  return (ceiling * (1 + random())) / 2
}
