// Arc's errors: one class, and one table that gives each code its HTTP status and its outcome.
//
// Outcomes: `refused`: nothing happened. `unavailable`: nothing happened, try again. `unknown`: it may have happened; try
// again with the same idempotency key.

interface Kind {
  readonly status: number
  readonly outcome: 'refused' | 'unavailable' | 'unknown'
}

/** Each code's HTTP status and outcome. */
export const ERROR_KINDS = {
  invalid_request: { status: 400, outcome: 'refused' },
  body_too_large: { status: 400, outcome: 'refused' },
  answer_too_large: { status: 400, outcome: 'refused' },
  shutdown_pending: { status: 400, outcome: 'refused' },
  no_shutdown_pending: { status: 400, outcome: 'refused' },
  bound_to_loopback: { status: 400, outcome: 'refused' },
  host_refused: { status: 403, outcome: 'refused' },
  origin_refused: { status: 403, outcome: 'refused' },
  remote_refused: { status: 403, outcome: 'refused' },
  method_not_allowed: { status: 405, outcome: 'refused' },
  request_expired: { status: 408, outcome: 'refused' },
  request_timeout: { status: 408, outcome: 'refused' },
  expectation_failed: { status: 417, outcome: 'refused' },
  headers_too_large: { status: 431, outcome: 'refused' },
  not_found: { status: 404, outcome: 'refused' },
  unknown_recipient: { status: 404, outcome: 'refused' },
  offer_lapsed: { status: 409, outcome: 'refused' },
  stale: { status: 409, outcome: 'refused' },
  task_done: { status: 409, outcome: 'refused' },
  stale_fence: { status: 409, outcome: 'refused' },
  session_exists: { status: 409, outcome: 'refused' },
  idempotency_key_reused: { status: 422, outcome: 'refused' },
  internal: { status: 500, outcome: 'unknown' },
  ids_exhausted: { status: 500, outcome: 'refused' },
  unavailable: { status: 503, outcome: 'unavailable' },
  overloaded: { status: 503, outcome: 'unavailable' },
  storage_not_writable: { status: 503, outcome: 'unavailable' },
  storage_lost: { status: 503, outcome: 'unavailable' },
  outcome_unknown: { status: 503, outcome: 'unknown' },
  // A client or a starting hub throws these; they are never an HTTP status.
  unsupported: { status: 501, outcome: 'refused' },
  no_hub: { status: 503, outcome: 'unavailable' },
  unproven_hub: { status: 500, outcome: 'refused' },
  timeout: { status: 504, outcome: 'unknown' },
  aborted: { status: 499, outcome: 'unknown' },
  bad_answer: { status: 502, outcome: 'unknown' },
  // A client's own: `withLock` was not granted its lock, or lost it.
  not_acquired: { status: 409, outcome: 'refused' },
  lease_lost: { status: 409, outcome: 'refused' },
  not_executed: { status: 598, outcome: 'unavailable' },
  claimed_elsewhere: { status: 500, outcome: 'unknown' },
  // A stand-alone relay's final answer. The relay has retried, and a file name can't be used twice.
  hub_unreachable: { status: 599, outcome: 'unavailable' },
  hub_lost: { status: 599, outcome: 'unknown' },
  storage_unusable: { status: 500, outcome: 'refused' },
  spool_unusable: { status: 500, outcome: 'refused' },
  port_in_use: { status: 500, outcome: 'refused' },
  start_failed: { status: 500, outcome: 'refused' },
  peer_lost: { status: 503, outcome: 'unavailable' },
} as const satisfies Record<string, Kind>

export type ErrorCode = keyof typeof ERROR_KINDS

/** An error as data, for message ports and between processes. */
export interface ErrorData {
  readonly code: string
  readonly message: string
  readonly status?: number | undefined
  readonly beside?: Readonly<Record<string, unknown>> | undefined
}

export interface ArcErrorOptions {
  readonly status?: number | undefined
  readonly cause?: unknown
  readonly beside?: Readonly<Record<string, unknown>> | undefined
}

/**
 * Arc's error class. `message` tells the reader what to do. `code` is stable and machine-readable. `status` is the HTTP
 * status (PROTOCOL §1). The reference hub sends no code: its errors have the code `http_<status>`.
 */
export class ArcError extends Error {
  override readonly name = 'ArcError'
  readonly code: ErrorCode | (string & {})
  readonly status: number
  /** Members of the refusal's envelope beside `error` and `code` (PROTOCOL §18). */
  readonly beside: Readonly<Record<string, unknown>> | undefined

  constructor(code: ErrorCode | (string & {}), message: string, options: ArcErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = options.status ?? kindOf(code)?.status ?? 500
    this.beside = options.beside
  }

  /** True if the same request may succeed later. */
  get retryable(): boolean {
    const kind = kindOf(this.code)
    return kind ? kind.outcome !== 'refused' && kind.status === 503 : this.status === 503
  }

  toData(): ErrorData {
    return { code: this.code, message: this.message, status: this.status, beside: this.beside }
  }

  static fromData(data: ErrorData): ArcError {
    return new ArcError(data.code, data.message, { status: data.status, beside: data.beside })
  }
}

function kindOf(code: string): Kind | undefined {
  return Object.hasOwn(ERROR_KINDS, code) ? ERROR_KINDS[code as ErrorCode] : undefined
}

/** Whether nothing happened and the same request would be refused again. */
export function isFinal(code: string): boolean {
  return kindOf(code)?.outcome === 'refused'
}

export const invalid = (message: string): ArcError => new ArcError('invalid_request', message)
/** The error for a request file that is older than the request time-to-live (PROTOCOL §10). */
export const requestExpired = (): ArcError =>
  new ArcError(
    'request_expired',
    'the request is older than the hub accepts and was not executed; send it again if it is still meant, ' +
      'and compare the clocks if it was new',
  )
/** `methods` are the path's methods. */
export const methodNotAllowed = (method: string, path: string, methods: readonly string[]): ArcError =>
  new ArcError('method_not_allowed', `${method} is not served at ${path}: use ${methods.join(' or ')}`)
export const notFound = (message: string): ArcError => new ArcError('not_found', message)

// The errors of requests that a hub does not serve over files.
export const streamNeedsConnection = (): ArcError =>
  invalid('a stream needs a connection: use HTTP, or long-poll GET /v1/events')
export const hookNeedsHttp = (): ArcError =>
  invalid('a hook is called over HTTP, since its answer has the form of the program that calls it')
export const pageIsForBrowsers = (): ArcError => notFound('the page is for browsers: open it over HTTP')
