// What became of a command, and what a query has found: data. The doors make statuses and envelopes of it
// (src/dispatch/answers.ts).

import { jsonText } from '../protocol/json.js'

/** The request did what it asked for. */
export interface Done {
  /** The result's JSON text. */
  readonly result: string
  /** Something came into being by it. */
  readonly isNew?: boolean | undefined
  /** What is said beside the result (PROTOCOL §1, §6, §7). */
  readonly beside?: Beside | undefined
  /** The stored outcome of an earlier request with the same idempotency key (PROTOCOL §9). */
  readonly isReplayed?: boolean | undefined
}

export interface Beside {
  /** The lease is held by who asked for it. */
  readonly acquired?: boolean
  /** The parent task was completed as well. */
  readonly parent_completed?: true
  /** The page ends before its limit, as its rows are large. */
  readonly cut?: true
  /** Where the next page begins; null on the last one. */
  readonly next?: string | null
}

/** The request was refused, and nothing happened. */
export interface Refused {
  /** Of the table in src/protocol/errors.ts. */
  readonly code: string
  readonly error: string
  readonly isReplayed?: boolean | undefined
}

/** A post's outcome is the JSON text of the message: there are thousands a second, and most are just that. */
export type Outcome = string | Done | Refused

export function done(result: unknown, beside?: Beside): Done {
  return { result: jsonText(result), beside }
}

/** Done, and something came into being. */
export function made(result: unknown, beside?: Beside): Done {
  return { result: jsonText(result), isNew: true, beside }
}

export function refused({ code, message }: { code: string; message: string }): Refused {
  return { code, error: message }
}

export function isRefused(outcome: Outcome): outcome is Refused {
  return typeof outcome === 'object' && 'code' in outcome
}
