// A cursor on an agent's visible feed (GET /v1/events, PROTOCOL §4), read by long-polls. `poll`,
// `messages`, `call` and `serve` are each a use of it.
//
// Guarantees: rows come in id order and each once; the cursor moves only when rows are handed out; a hub
// that was reset (its instance id changed, so ids began anew) is read from 0 again, or, for a reader that
// waits for something in the old state, reported as `HubReset`.

import { ArcError } from '../protocol/errors.js'
import { MAX_POLL_SEC } from '../protocol/limits.js'
import type { Message } from '../protocol/objects.js'
import { type Requester, withQuery } from './requester.js'
import { backoffMs, isSilence } from './retry.js'
import { pause } from './waiting.js'

/** Seconds of one long-poll where the caller has no wish: far below the hub's 60, and below most proxies' patience. */
export const LONG_POLL_SEC = 30
/** A client waits longer than the hub by this much at least (PROTOCOL §1). */
const POLL_MARGIN_SEC = 5
/** Less than this left of a wait is over: clocks and timers differ by a few milliseconds. */
const OVER_MS = 20

export class HubReset extends Error {
  override readonly name = 'HubReset'
}

export interface FeedView {
  readonly channel?: string | undefined
  readonly threadId?: string | undefined
}

export interface ReadOptions {
  /** Seconds to wait for the first row. */
  readonly waitSec: number
  /** Rows at most. Default: the hub's, 100. */
  readonly limit?: number | undefined
  readonly includeSelf?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  /** Go on through every outage until aborted. Default: give up after the client's `retryFor`. */
  readonly persist?: boolean | undefined
}

export class FeedReader {
  readonly #requester: Requester
  readonly #agentId: string
  readonly #view: FeedView
  readonly #onReset: 'restart' | 'throw'
  #sinceId: number
  #instanceId: string | undefined

  /** `instanceId`: the state that `sinceId` is an id of. Default: the one that answered last. */
  constructor(
    requester: Requester,
    agentId: string,
    start: FeedView & { sinceId: number; instanceId?: string | undefined; onReset?: 'restart' | 'throw' },
  ) {
    this.#requester = requester
    this.#agentId = agentId
    this.#view = { channel: start.channel, threadId: start.threadId }
    this.#onReset = start.onReset ?? 'restart'
    this.#sinceId = start.sinceId
    this.#instanceId = start.instanceId ?? requester.instanceId
  }

  get sinceId(): number {
    return this.#sinceId
  }

  get instanceId(): string | undefined {
    return this.#instanceId
  }

  /** Moves the cursor forward to the other's place, if both are in the same state of the hub. */
  catchUpWith(other: FeedReader): void {
    this.#belongsTo(other.#instanceId)
    if (other.#sinceId > this.#sinceId) this.#sinceId = other.#sinceId
  }

  /** The rows after the cursor: at once if there are any, else the first to come, else `[]` after `waitSec`. */
  async read(options: ReadOptions): Promise<Message[]> {
    const { signal, persist = false } = options
    const deadline = performance.now() + options.waitSec * 1_000
    let hurdles = 0
    let isLook = false
    for (;;) {
      this.#belongsTo(this.#requester.instanceId)
      const startedAt = performance.now()
      const waitSec = isLook
        ? 0
        : Math.max(0, Math.min(Math.ceil(deadline - startedAt) / 1_000, MAX_POLL_SEC))
      try {
        const { result, instanceId } = await this.#page(waitSec, options)
        if (!this.#belongsTo(instanceId)) {
          isLook = true
          continue
        }
        const last = result.at(-1)
        if (last) {
          this.#sinceId = Math.max(this.#sinceId, last.id)
          return result
        }
        const leftMs = deadline - performance.now()
        if (leftMs <= OVER_MS) return []
        // An empty answer well before its time comes from a hub that drains. Asking again at once would spin.
        const early = !isLook && performance.now() - startedAt < waitSec * 500
        isLook = false
        if (!early) continue
        hurdles++
        await pause(Math.min(backoffMs(hurdles), leftMs), signal, this.#requester.closing)
      } catch (error) {
        const mayLook = waitSec > 0 && (persist || this.#requester.retryForSec > 0)
        if (!mayLook || !isPassing(error, persist)) throw error
        // The next try is a look that does not wait: after an outage the hub may have been reset, and a
        // long-poll with an id of the old state would sleep through what the new one already holds.
        isLook = true
        hurdles = performance.now() - startedAt > 1_000 ? 1 : hurdles + 1
        await pause(backoffMs(hurdles), signal, this.#requester.closing)
      }
    }
  }

  #page(waitSec: number, options: ReadOptions) {
    const path = withQuery('/v1/events', {
      agent_id: this.#agentId,
      channel: this.#view.channel,
      thread_id: this.#view.threadId,
      since_id: this.#sinceId,
      limit: options.limit,
      timeout: waitSec > 0 ? waitSec : undefined,
      exclude_self: options.includeSelf ? undefined : true,
    })
    return this.#requester.get<Message[]>(path, {
      signal: options.signal,
      timeoutSec: pollTimeoutSec(waitSec, this.#requester.timeoutSec),
      // A lost long-poll is followed by a look (see above), so it is not repeated as it is.
      retryForSec: waitSec > 0 ? 0 : options.persist ? Infinity : undefined,
    })
  }

  /** False when the hub's state is another than the cursor's; the cursor then begins anew in that one. */
  #belongsTo(instanceId: string | undefined): boolean {
    const isSame =
      instanceId === undefined || this.#instanceId === undefined || instanceId === this.#instanceId
    if (!isSame && this.#onReset === 'throw') throw new HubReset('the hub was reset')
    if (!isSame) this.#sinceId = 0
    this.#instanceId = instanceId ?? this.#instanceId
    return isSame
  }
}

/** Seconds that a client waits for the answer to a request that the hub may hold for `waitSec`. */
export function pollTimeoutSec(waitSec: number, timeoutSec: number): number {
  return waitSec > 0 ? waitSec + Math.max(POLL_MARGIN_SEC, timeoutSec) : timeoutSec
}

function isPassing(error: unknown, persist: boolean): boolean {
  return error instanceof ArcError && (error.retryable || (persist && isSilence(error)))
}
