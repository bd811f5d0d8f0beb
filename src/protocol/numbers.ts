// The bounds of every number from outside: one table for requests, one for a hub's options, one for the SDK's. Schemas,
// options and the command line use them, and a test tries each bound. The SDK and the command line load this file, so it
// imports little.

import {
  LEASE_TTL_SEC,
  MAX_CAPACITY,
  MAX_POLL_SEC,
  OFFER_CHARS,
  OFFER_LEASE_SEC,
  PRESENCE_TTL_SEC,
  QUERY_LIMIT,
  SESSION_TTL_SEC,
  SHUTDOWN_DELAY_SEC,
} from './limits.js'

/** The least and the greatest allowed number, both included. */
export interface Bounds {
  readonly min: number
  readonly max: number
  /** Fractions are allowed. Default: whole numbers only. */
  readonly fractions?: boolean
}

interface RequestNumber extends Bounds {
  /** A number beyond the bounds becomes the nearest bound. Default: it is refused. */
  readonly clamped?: 'above' | 'both'
}

/** 2^53−1. Larger integers are not exact in JavaScript, and no id is larger (PROTOCOL §1). */
const MAX_INTEGER = Number.MAX_SAFE_INTEGER
const ANY_INTEGER = { min: -MAX_INTEGER, max: MAX_INTEGER } as const

/** Numbers in bodies, queries and paths, by their names on the wire. */
export const REQUEST_NUMBERS = {
  since_id: { min: 0, max: MAX_INTEGER },
  limit: { min: 1, max: QUERY_LIMIT.max, clamped: 'above' },
  timeout: { min: 0, max: MAX_POLL_SEC, fractions: true, clamped: 'both' },
  before_id: { min: 1, max: MAX_INTEGER },
  if_latest: { min: 0, max: MAX_INTEGER },
  message_id: { min: 1, max: MAX_INTEGER },
  max_chars: OFFER_CHARS,
  lease_sec: OFFER_LEASE_SEC,
  up_to_id: { min: 0, max: MAX_INTEGER },
  older_than_sec: { min: 0, max: 1_000_000_000 },
  reply_to: ANY_INTEGER,
  parent_task_id: ANY_INTEGER,
  task_message_id: ANY_INTEGER,
  parent_id: ANY_INTEGER,
  task_id: { min: 0, max: MAX_INTEGER },
  start_line: ANY_INTEGER,
  end_line: ANY_INTEGER,
  ttl_sec: LEASE_TTL_SEC,
  fence: { min: 0, max: MAX_INTEGER },
  scope_id: { min: 0, max: MAX_INTEGER },
  capacity: { min: 1, max: MAX_CAPACITY },
  presence_ttl_sec: SESSION_TTL_SEC,
  pid: { min: 1, max: 2 ** 31 - 1 },
  delay_sec: { min: 0, max: SHUTDOWN_DELAY_SEC.max, fractions: true },
} as const satisfies Record<string, RequestNumber>

/** A hub's options: `presenceTtlSec` and `requestTtlSec` in seconds. */
export const HUB_NUMBERS = {
  port: { min: 0, max: 65_535 },
  maxBodyChars: { min: 1, max: 100_000_000 },
  maxAttachmentChars: { min: 1, max: 100_000_000 },
  maxAttachments: { min: 1, max: 10_000 },
  loopGuardChannel: { min: 0, max: 1_000 },
  loopGuardPair: { min: 0, max: 1_000 },
  presenceTtlSec: PRESENCE_TTL_SEC,
  requestTtlSec: { min: 1, max: 1_000_000_000 },
} as const satisfies Record<string, Bounds>

/**
 * The longest wait of a client, in seconds. A Node timer of more than 2,147,483 s fires at once, and the sum of two such
 * waits is less.
 */
export const MAX_WAIT_SEC = 1_000_000

/** The SDK's options, in seconds except `concurrency`. The hub checks the numbers that the SDK only passes on. */
export const CLIENT_NUMBERS = {
  timeout: { min: 0, max: MAX_WAIT_SEC, fractions: true },
  wait: { min: 0, max: MAX_WAIT_SEC, fractions: true },
  retryFor: { min: 0, max: MAX_WAIT_SEC, fractions: true },
  pollIntervalSec: { min: 0, max: MAX_WAIT_SEC, fractions: true },
  concurrency: { min: 1, max: MAX_INTEGER },
} as const satisfies Record<string, Bounds>

/** What is wrong with a number, as words that follow its name; undefined if nothing is. */
export function misfit(value: unknown, { min, max, fractions = false }: Bounds): string | undefined {
  const isOfKind = typeof value === 'number' && (fractions || Number.isInteger(value))
  if (isOfKind && value >= min && value <= max) return undefined
  return `must be a ${fractions ? '' : 'whole '}number from ${min} to ${max}`
}
