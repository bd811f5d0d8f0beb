// The way from a client to a hub, and nothing more: one request, one answer. Sockets (`http-transport.ts`)
// and the file relay are both this interface, so the client above them does not know which one it has.
//
// A transport tries once. It rejects with an `ArcError` only when no envelope came back; an envelope that
// says no (400, 404, 503 …) is an answer. Retries, idempotency and cursors belong to the layers above.

import type { Envelope } from '../protocol/envelope.js'

export type Method = 'GET' | 'POST' | 'DELETE'

export interface TransportRequest {
  readonly method: Method
  /** Begins with `/` and carries the query. */
  readonly path: string
  /** A JSON object; absent is an empty body. */
  readonly body?: object | undefined
  /** Seconds without a sign of an answer after which the transport gives up. Above a long-poll's own `timeout`. */
  readonly timeoutSec: number
  /** Rejects at once when aborted, and frees whatever the request held. */
  readonly signal?: AbortSignal | undefined
  /** The same for every try of one POST or DELETE (PROTOCOL §9). */
  readonly idempotencyKey?: string | undefined
}

export interface TransportAnswer {
  readonly status: number
  readonly envelope: Envelope
  /** The envelope as it came, where the way keeps it. */
  readonly text?: string | undefined
  /** Names the stored state that answered (PROTOCOL §8): it changes when the hub is reset. */
  readonly instanceId?: string | undefined
  /** Seconds that the hub asks to be left alone. */
  readonly retryAfterSec?: number | undefined
}

export interface Transport {
  /**
   * Rejects with an `ArcError` whose code says what became of the request:
   * `no_hub` nothing was sent · `unavailable` a GET was lost · `outcome_unknown` a POST or DELETE was lost ·
   * `timeout` no answer in time · `aborted` by the signal or by `close` · `bad_answer` not an Arc hub.
   */
  request(request: TransportRequest): Promise<TransportAnswer>
  /** Frees everything; requests under way reject with `aborted`. Never rejects. */
  close(): Promise<void>
}
