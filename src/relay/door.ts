// The file door: it turns a request file into a request for the dispatcher, and the answer into the text of a response
// file (PROTOCOL §10).
//
// A request has exactly one effect: its agent's folder and its file's stem are its idempotency key. So an unfinished
// request is dispatched again, here while the storage is away, or by the next hub after a crash. A request past its
// time-to-live gets its stored answer, else `request_expired`.

import { hash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { DoorRequest } from '../dispatch/request.js'
import type { QueuedRequest } from '../fsqueue/host-options.js'
import { type Answer, failure, failureOf } from '../protocol/envelope.js'
import { ArcError, requestExpired } from '../protocol/errors.js'
import {
  type ParsedRelayRequest,
  parseRelayRequest,
  relayFailure,
  relayRefusal,
  relayResponse,
} from '../protocol/relay.js'
import { httpOnly } from './http-only.js'

export interface RelayDoorOptions {
  readonly dispatcher: Dispatcher
  readonly requestTtlMs: number
}

const RETRY_MS = 200
/** Failures that pass when the storage is back: the door dispatches the request again instead of answering. */
const PASSING: ReadonlySet<string | undefined> = new Set([
  'unavailable',
  'overloaded',
  'outcome_unknown',
  'timeout',
])

export class RelayDoor {
  readonly #dispatcher: Dispatcher
  readonly #requestTtlMs: number
  #closed = false

  constructor({ dispatcher, requestTtlMs }: RelayDoorOptions) {
    this.#dispatcher = dispatcher
    this.#requestTtlMs = requestTtlMs
  }

  /** Leaves unfinished requests to the next hub from now on. */
  close(): void {
    this.#closed = true
  }

  /** The response file's text; undefined if the door closes before the answer. */
  readonly execute = async ({
    queue,
    stem,
    file,
    foreign,
    park,
    abandonment,
  }: QueuedRequest): Promise<string | undefined> => {
    let parsed: ParsedRelayRequest
    try {
      parsed = parseRelayRequest(stem, file)
    } catch (error) {
      return relayRefusal(stem, error as ArcError)
    }
    if (foreign) return relayFailure(parsed.requestId, claimedElsewhere())
    const idempotency = { scope: `relay:${queue}`, key: keyFor(stem), bytes: parsed.text }
    const answer = await this.#answer(parsed, idempotency, { parked: park, abandonment })
    return answer && relayResponse(parsed.requestId, answer, this.#dispatcher.instanceId)
  }

  async #answer(
    { method, path, body, writtenAtMs }: ParsedRelayRequest,
    idempotency: NonNullable<DoorRequest['idempotency']>,
    waiting: Pick<DoorRequest, 'parked' | 'abandonment'>,
  ): Promise<Answer | undefined> {
    for (;;) {
      const replayOnly = Date.now() > writtenAtMs + this.#requestTtlMs
      if (replayOnly && method === 'GET') return failure(requestExpired())
      const refusal = httpOnly(method, path)
      if (refusal) return failureOf(refusal)
      const request = { method, target: path, parseBody: () => body, idempotency, replayOnly, ...waiting }
      const answer = await new Promise<Answer>((resolve) =>
        this.#dispatcher.dispatch({ ...request, answer: resolve }),
      )
      if (!PASSING.has(answer.code)) return answer
      if (this.#closed) return undefined
      await pause(RETRY_MS)
    }
  }
}

/** The stem itself if it can be a key, so that people find it in the storage. */
function keyFor(stem: string): string {
  return /^[A-Za-z0-9_-]{1,128}$/.test(stem) ? stem : `sha256-${hash('sha256', stem, 'base64url')}`
}

function claimedElsewhere(): ArcError {
  return new ArcError(
    'claimed_elsewhere',
    'the request was taken by a hub with another storage, which is gone; whether it was executed there is unknown',
  )
}
