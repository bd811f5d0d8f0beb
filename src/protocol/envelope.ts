// The answer to a request, as both doors deliver it: a status and the JSON text of its envelope
// (PROTOCOL §1). Texts are built once and passed on as they are.

import { ArcError } from './errors.js'

export interface Answer {
  readonly status: number
  /** The whole envelope, as JSON text. */
  readonly body: string
  /** Of a refusal: what the body says of it, for who has to decide by it. */
  readonly code?: string
  readonly error?: string
  /** Set when this is the stored answer of an earlier request with the same idempotency key (§9). */
  readonly replayed?: boolean
}

/** The parsed form of an envelope, as a client sees it. What stands beside `result` belongs to certain requests. */
export interface Envelope<T = unknown> {
  readonly ok: boolean
  readonly result?: T
  readonly error?: string
  readonly code?: string
  readonly acquired?: boolean
  readonly parent_completed?: boolean
  /** A page that ended before its limit, as its rows are large (§1). */
  readonly cut?: boolean
  /** Where the next page of threads or tasks begins (§5, §7); null on the last one. */
  readonly next?: string | null
}

/** A success whose `result` is already JSON text; `beside` are further members of the envelope. */
export function successText(status: number, resultJson: string, beside?: object): Answer {
  const extra = beside ? `,${JSON.stringify(beside).slice(1, -1)}` : ''
  return { status, body: `{"ok":true,"result":${resultJson}${extra}}` }
}

export function success(status: number, result: unknown, beside?: object): Answer {
  return successText(status, JSON.stringify(result), beside)
}

/** A page's answer, from the JSON texts of its items. */
export function successList(items: readonly string[], isCut = false): Answer {
  return successText(200, `[${items.join(',')}]`, isCut ? { cut: true } : undefined)
}

export function failure({ status, code, message: error }: ArcError): Answer {
  return { status, body: JSON.stringify({ ok: false, error, code }), code, error }
}

/** Any thrown thing as an answer: an `ArcError` as it is, all else as a 500 without inner details. */
export function failureOf(error: unknown): Answer {
  if (error instanceof ArcError) return failure(error)
  return failure(
    new ArcError('internal', 'internal error: the hub has logged it; try again, and report it if it stays'),
  )
}
