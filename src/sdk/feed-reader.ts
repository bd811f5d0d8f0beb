// A cursor on an agent's visible feed (GET /v1/events, PROTOCOL §4), read by long-polls. `poll`, `messages`, `call` and
// `serve` use it.
//
// Guarantees: rows come in id order, each once. The cursor moves only when `read` returns rows. After a reset of the hub
// (its instance id has changed, and ids start at 1 again) the cursor is 0; a reader that waits for something in the
// old state throws `HubReset` instead.

import type { Message } from '../protocol/objects.js'
import { AGAIN, patienceOf, type WaitOptions, waitFor } from './long-poll.js'
import { type Requester, withQuery } from './requester.js'

export class HubReset extends Error {
  override readonly name = 'HubReset'
}

export interface FeedView {
  readonly channel?: string | undefined
  readonly threadId?: string | undefined
}

export interface ReadOptions extends WaitOptions {
  /** Rows at most. Default: the hub's, 100. */
  readonly limit?: number | undefined
  readonly includeSelf?: boolean | undefined
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
    const rows = await waitFor(this.#requester, options, async (waitSec) => {
      this.#enterState(this.#requester.instanceId)
      const { result, instanceId } = await this.#page(waitSec, options)
      if (!this.#enterState(instanceId)) return AGAIN
      const last = result.at(-1)
      if (!last) return undefined
      this.#sinceId = Math.max(this.#sinceId, last.id)
      return result
    })
    return rows ?? []
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
      ...patienceOf(waitSec, options, this.#requester),
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
