// A cursor on an agent's visible feed (GET /v1/events, PROTOCOL §4), read by long-polls. `poll`, `messages`, `call` and
// `serve` use it.
//
// Guarantees: rows come in id order, each once. The cursor moves only when `read` returns rows. After a reset of the hub
// (its instance id has changed, and ids start at 1 again) the cursor is 0; a reader that waits for something in the
// old state throws `HubReset` instead.

import { ArcError } from '../protocol/errors.js'
import { MAX_POLL_SEC } from '../protocol/limits.js'
import type { Message } from '../protocol/objects.js'
import { type Requester, withQuery } from './requester.js'
import { backoffMs, isSilence } from './retry.js'
import { pause } from './waiting.js'

/** Seconds of one long-poll by default: far below the hub's 60, and below most proxies' time-outs. */
export const LONG_POLL_SEC = 30
/** A client waits at least this many seconds longer than the hub (PROTOCOL §1). */
const POLL_MARGIN_SEC = 5
/** A wait ends when fewer milliseconds than this are left: clocks and timers differ by a few. */
export const OVER_MS = 20

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
  /** Retries through every outage until aborted. Default: gives up after the client's `retryFor`. */
  readonly persist?: boolean | undefined
}

export class FeedReader {
  readonly #requester: Requester
  readonly #agentId: string
  readonly #view: FeedView
  readonly #onReset: 'restart' | 'throw'
  #sinceId: number
  #instanceId: string | undefined

  /** `instanceId`: the stored state to which `sinceId` belongs. Default: the one that answered last. */
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

  /** Moves the cursor forward to the other reader's. */
  catchUpWith(other: FeedReader): void {
    this.#enterState(other.#instanceId)
    if (other.#sinceId > this.#sinceId) this.#sinceId = other.#sinceId
  }

  /** The rows after the cursor. If there are none, it waits for the next one, and returns `[]` after `waitSec`. */
  async read(options: ReadOptions): Promise<Message[]> {
    const { signal, persist = false } = options
    const deadline = performance.now() + options.waitSec * 1_000
    let setbacks = 0
    let isLook = false
    for (;;) {
      this.#enterState(this.#requester.instanceId)
      const startedAt = performance.now()
      const waitSec = isLook
        ? 0
        : Math.max(0, Math.min(Math.ceil(deadline - startedAt) / 1_000, MAX_POLL_SEC))
      try {
        const { result, instanceId } = await this.#page(waitSec, options)
        if (!this.#enterState(instanceId)) {
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
        // A hub that shuts down answers long-polls early with `[]`. Without a pause this loop would spin.
        const isEarly = !isLook && performance.now() - startedAt < waitSec * 500
        isLook = false
        if (!isEarly) continue
        setbacks++
        await pause(Math.min(backoffMs(setbacks), leftMs), signal, this.#requester.closing)
      } catch (error) {
        const mayLook = waitSec > 0 && (persist || this.#requester.retryForSec > 0)
        if (!mayLook || !isPassing(error, persist)) throw error
        // The next try does not wait at the hub. The outage may be a reset, and a long-poll after an id of the old state
        // would sleep through the messages of the new one.
        isLook = true
        setbacks = performance.now() - startedAt > 1_000 ? 1 : setbacks + 1
        await pause(backoffMs(setbacks), signal, this.#requester.closing)
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
      // After a lost long-poll comes a look (see above), not the same long-poll.
      retryForSec: waitSec > 0 ? 0 : options.persist ? Infinity : undefined,
    })
  }

  /** Enters the stored state that answered. False if it is not the cursor's; the cursor is then 0. @throws HubReset */
  #enterState(instanceId: string | undefined): boolean {
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

/** Whether a reader that waits goes on after this error. */
export function isPassing(error: unknown, persist: boolean): boolean {
  return error instanceof ArcError && (error.retryable || (persist && isSilence(error)))
}
