// The answer to a request at both doors: a status and the JSON text of the envelope (PROTOCOL §1). A text is built once,
// and no door changes it.

import { ArcError } from './errors.js'
import { jsonText } from './json.js'
import type { Recipient } from './objects.js'

export interface Answer {
  readonly status: number
  /** The whole envelope as JSON text. */
  readonly body: string
  /** A refusal's `code` and `error`, as in `body`: readers decide by them without parsing. */
  readonly code?: string
  readonly error?: string
  /** True for the stored answer of an earlier request with the same idempotency key (§9). */
  readonly replayed?: boolean
}

/** A parsed envelope, as a client sees it. Members beside `result` belong to certain requests. */
export interface Envelope<T = unknown> {
  readonly ok: boolean
  readonly result?: T
  readonly error?: string
  readonly code?: string
  readonly acquired?: boolean
  /** Of the newest holding of the key (§19). */
  readonly fence?: number | null
  /** The leases in the way (§19). */
  readonly holders?: readonly object[]
  /** The agents that wait for a lease, in order (§19). */
  readonly waiting?: readonly string[]
  readonly parent_completed?: boolean
  /** The page ended before its limit, because its rows are large (§1). */
  readonly cut?: boolean
  /** The cursor of the next page of threads or tasks (§5, §7); null on the last page. */
  readonly next?: string | null
  /** How far the addressee of a direct message has come (§18). */
  readonly recipient?: Recipient
}

/** A success whose `result` is JSON text. `beside` holds further members of the envelope. */
export function successText(status: number, resultJson: string, beside?: object): Answer {
  const extra = beside ? `,${jsonText(beside).slice(1, -1)}` : ''
  return { status, body: `{"ok":true,"result":${resultJson}${extra}}` }
}

/** A success with a value. `beside` holds further members of the envelope. */
export function success(status: number, result: unknown, beside?: object): Answer {
  return successText(status, JSON.stringify(result), beside)
}

/** A page's answer, from the JSON texts of its items. */
export function successList(items: readonly string[], isCut = false): Answer {
  return successText(200, `[${items.join(',')}]`, isCut ? { cut: true } : undefined)
}

/** A refusal: the error's status, its message as `error`, and its `code` (§1). */
export function failure({ status, code, message: error, beside }: ArcError): Answer {
  return {
    status,
    body: beside
      ? jsonText({ ok: false, error, code, ...beside })
      : JSON.stringify({ ok: false, error, code }),
    code,
    error,
  }
}

/** A thrown value as an answer. All but an `ArcError` becomes a 500 without details. */
export function failureOf(error: unknown): Answer {
  if (error instanceof ArcError) return failure(error)
  return failure(
    new ArcError('internal', 'internal error: the hub has logged it; try again, and report it if it stays'),
  )
}
