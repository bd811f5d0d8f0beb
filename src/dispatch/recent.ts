// The most recent messages at a door: a thousand clients that poll again after one message get their answers from here,
// without a thousand queries. Bounded by count and by size.

import type { FeedMessage, MessageFilter } from '../storage/commands.js'

const MAX_MESSAGES = 4_096
const MAX_CHARS = 16 * 1024 * 1024

export class RecentMessages {
  #messages: FeedMessage[] = []
  #chars = 0
  /** Every message with a higher id is here. */
  #floor: number

  constructor(latestId: number) {
    this.#floor = latestId
  }

  /** The highest id that the feed has sent. */
  get latestId(): number {
    return this.#messages.at(-1)?.id ?? this.#floor
  }

  append(messages: readonly FeedMessage[]): void {
    for (const message of messages) {
      if (message.id <= this.latestId) continue // a restarted storage sends it again
      this.#messages.push(message)
      this.#chars += message.json.length
    }
    if (this.#messages.length > MAX_MESSAGES || this.#chars > MAX_CHARS) this.#shrink()
  }

  /** Forgets all messages, since the feed has skipped those up to `latestId`. */
  skipTo(latestId: number): void {
    this.#messages = []
    this.#chars = 0
    this.#floor = latestId
  }

  /** The first `limit` matches after `sinceId`. Undefined if older messages may match: the storage has them. */
  after(sinceId: number, filter: MessageFilter, limit: number): string[] | undefined {
    if (sinceId < this.#floor) return undefined
    const items: string[] = []
    for (let i = this.#firstAfter(sinceId); i < this.#messages.length && items.length < limit; i++) {
      const message = this.#messages[i] as FeedMessage
      if (isVisible(message, filter)) items.push(message.json)
    }
    return items
  }

  #firstAfter(sinceId: number): number {
    let [low, high] = [0, this.#messages.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#messages[middle] as FeedMessage).id > sinceId) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Drops the older half, so that many appends share the cost. */
  #shrink(): void {
    const dropped = this.#messages.splice(0, Math.ceil(this.#messages.length / 2))
    for (const message of dropped) this.#chars -= message.json.length
    this.#floor = dropped.at(-1)?.id ?? this.#floor
  }
}

/** The id in a message's JSON text, which begins with it. */
export function idOf(json: string): number {
  return Number.parseInt(json.slice('{"id":'.length), 10)
}

/** Whether a listing, a long-poll or a stream shows a message (PROTOCOL §4). */
export function isVisible(message: FeedMessage, filter: MessageFilter): boolean {
  if (message.to !== null && message.to !== filter.agentId) return false
  if (filter.channels && !filter.channels.includes(message.channel)) return false
  if (filter.threadId !== undefined && message.threadId !== filter.threadId) return false
  return !(filter.excludeSelf && message.from === filter.agentId)
}
