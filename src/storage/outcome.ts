// The outcome of a command or a query, as data. The doors turn it into statuses and envelopes (src/dispatch/answers.ts).

import type { ArcError } from '../protocol/errors.js'
import { jsonText } from '../protocol/json.js'
import type { Recipient } from '../protocol/objects.js'

/** The request succeeded. */
export interface Done {
  /** The result's JSON text. */
  readonly result: string
  /** The request created something. */
  readonly isNew?: boolean | undefined
  /** The envelope's members beside the result (PROTOCOL §1, §6, §7). */
  readonly beside?: Beside | undefined
  /** The request waits in a line, and has this place there (PROTOCOL §19). */
  readonly place?: number | undefined
  /** A repetition of the request may have another outcome, so this one is not kept for it. */
  readonly isPassing?: boolean | undefined
  /** The stored outcome of an earlier request with the same idempotency key (PROTOCOL §9). */
  readonly isReplayed?: boolean | undefined
}

export interface Beside {
  /** The requester holds the lease. */
  readonly acquired?: boolean
  /** Of the newest holding of the key (§19). */
  readonly fence?: number | null
  /** The leases in the way (§19). */
  readonly holders?: readonly object[]
  /** The active lock on a path, beside the scopes that cover it (§19). */
  readonly lock?: object | null
  /** The agents that wait for the lease, in order (§19). */
  readonly waiting?: readonly string[]
  /** The parent task was completed as well. */
  readonly parent_completed?: true
  /** The page ends before its limit, because its rows are large. */
  readonly cut?: true
  /** The cursor of the next page; null on the last page. */
  readonly next?: string | null
  /** How far the addressee of a direct message has come. */
  readonly recipient?: Recipient
}

/** The request was refused, and nothing happened. */
export interface Refused {
  /** A code of the table in src/protocol/errors.ts. */
  readonly code: string
  readonly error: string
  /** Members of the envelope beside these two. */
  readonly beside?: Readonly<Record<string, unknown>> | undefined
  readonly isReplayed?: boolean | undefined
}

/** A broadcast's outcome is the message's JSON text alone, since posts come by the thousand. */
export type Outcome = string | Done | Refused

/** The result of an offer of nothing (PROTOCOL §18). */
export const NO_OFFER = '{"offer_id":null,"messages":[],"ambient":[],"left":{"messages":0,"ambient":0}}'

export function done(result: unknown, beside?: Beside): Done {
  return { result: jsonText(result), beside }
}

/** A success that created something. */
export function made(result: unknown, beside?: Beside): Done {
  return { result: jsonText(result), isNew: true, beside }
}

export function refused({ code, message, beside }: Pick<ArcError, 'code' | 'message' | 'beside'>): Refused {
  return { code, error: message, beside }
}

export function isRefused(outcome: Outcome): outcome is Refused {
  return typeof outcome === 'object' && 'code' in outcome
}
