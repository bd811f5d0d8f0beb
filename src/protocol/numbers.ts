// Every number that comes in from outside, with its bounds: one table for requests, one for a hub's options, one for
// the SDK's. Schemas, options and the command line take their bounds from here, and a test tries each of them at its edges.
// Light: the SDK and the command line load it.

import { LEASE_TTL_SEC, MAX_POLL_SEC, PRESENCE_TTL_SEC, QUERY_LIMIT, SHUTDOWN_DELAY_SEC } from './limits.js'

export interface Bounds {
  readonly min: number
  readonly max: number
  /** Numbers between the whole ones are meant too. Default: whole numbers only. */
  readonly fractions?: boolean
}

interface RequestNumber extends Bounds {
  /** What lies outside of the bounds is read as the nearest bound. Default: it is refused. */
  readonly clamped?: 'above' | 'both'
}

/** Beyond it an integer is not exact in JavaScript, and no id is (PROTOCOL §1). */
const MAX_INTEGER = Number.MAX_SAFE_INTEGER
const ANY_INTEGER = { min: -MAX_INTEGER, max: MAX_INTEGER } as const

/** Numbers in bodies, queries and paths, by their names on the wire. */
export const REQUEST_NUMBERS = {
  since_id: { min: 0, max: MAX_INTEGER },
  limit: { min: 1, max: QUERY_LIMIT.max, clamped: 'above' },
  timeout: { min: 0, max: MAX_POLL_SEC, fractions: true, clamped: 'both' },
  reply_to: ANY_INTEGER,
  parent_task_id: ANY_INTEGER,
  task_message_id: ANY_INTEGER,
  parent_id: ANY_INTEGER,
  task_id: { min: 0, max: MAX_INTEGER },
  start_line: ANY_INTEGER,
  end_line: ANY_INTEGER,
  ttl_sec: LEASE_TTL_SEC,
  delay_sec: { min: 0, max: SHUTDOWN_DELAY_SEC.max, fractions: true },
} as const satisfies Record<string, RequestNumber>

/** A hub's options. */
export const HUB_NUMBERS = {
  port: { min: 0, max: 65_535 },
  maxBodyChars: { min: 1, max: 100_000_000 },
  maxAttachmentChars: { min: 1, max: 100_000_000 },
  maxAttachments: { min: 1, max: 10_000 },
  presenceTtlSec: PRESENCE_TTL_SEC,
  requestTtlSec: { min: 1, max: 1_000_000_000 },
} as const satisfies Record<string, Bounds>

/**
 * Seconds that a client waits at most, for anything. Node's timers hold 2,147,483 s, and one that is asked for more fires at
 * once; two of these together are less.
 */
export const MAX_WAIT_SEC = 1_000_000

/** The SDK's options. What goes to the hub as it is, the hub checks. */
export const CLIENT_NUMBERS = {
  timeout: { min: 0, max: MAX_WAIT_SEC, fractions: true },
  retryFor: { min: 0, max: MAX_WAIT_SEC, fractions: true },
  pollIntervalSec: { min: 0, max: MAX_WAIT_SEC, fractions: true },
  concurrency: { min: 1, max: MAX_INTEGER },
} as const satisfies Record<string, Bounds>

/** What is wrong with a number, in words that follow its name; undefined where nothing is. */
export function misfit(value: unknown, { min, max, fractions = false }: Bounds): string | undefined {
  const isOfKind = typeof value === 'number' && (fractions || Number.isInteger(value))
  if (isOfKind && value >= min && value <= max) return undefined
  return `must be a ${fractions ? '' : 'whole '}number from ${min} to ${max}`
}
