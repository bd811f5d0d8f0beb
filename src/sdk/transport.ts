// The interface of a transport: one request, one answer. `http-transport.ts` implements it over sockets,
// `relay-transport.ts` over files; the client above does not know which one it has.
//
// A transport tries once. It rejects with an `ArcError` only when no envelope came back; a refusal (400, 404, 503 …) is
// an answer. Retries, idempotency and cursors belong to the layers above.

import type { Envelope } from '../protocol/envelope.js'

export type Method = 'GET' | 'POST' | 'DELETE'

export interface TransportRequest {
  readonly method: Method
  /** Begins with `/` and carries the query. */
  readonly path: string
  /** A JSON object. Absent: an empty body. */
  readonly body?: object | undefined
  /** The transport gives up after this many seconds without a byte of an answer. More than a long-poll's own `timeout`. */
  readonly timeoutSec: number
  /** Its abort rejects the request at once, and frees the request's socket or files. */
  readonly signal?: AbortSignal | undefined
  /** The same for every try of one POST or DELETE (PROTOCOL §9). */
  readonly idempotencyKey?: string | undefined
}

export interface TransportAnswer {
  readonly status: number
  readonly envelope: Envelope
  /** The envelope's JSON text, if the transport keeps it. */
  readonly text?: string | undefined
  /** Names the stored state that answered (PROTOCOL §8). A reset of the hub changes it. */
  readonly instanceId?: string | undefined
  /** The hub's `Retry-After`, in seconds. */
  readonly retryAfterSec?: number | undefined
}

export interface TransportStream {
  /** It fails with an `ArcError` when the connection is lost. */
  readonly texts: AsyncIterable<string>
  readonly instanceId?: string | undefined
}

export interface Transport {
  /**
   * Rejects with an `ArcError`. Its code says what happened to the request:
   * `no_hub` nothing was sent · `unavailable` a GET was lost · `outcome_unknown` a POST or DELETE was lost ·
   * `timeout` no answer in time · `aborted` by the signal or by `close` · `bad_answer` not an Arc hub.
   */
  request(request: TransportRequest): Promise<TransportAnswer>
  /**
   * Opens a stream of server-sent events, and gives its text as it comes. Absent: this transport has no streams. Rejects as
   * `request` does, and with the hub's refusal.
   */
  open?(request: TransportRequest): Promise<TransportStream>
  /** Frees sockets, files and timers; requests in progress reject with `aborted`. Never rejects. */
  close(): Promise<void>
}
