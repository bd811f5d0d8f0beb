// The parked waiters of this door. A published message finds its waiters by channel, thread or addressee, so that the cost
// of a post grows with those that it wakes, not with all that wait.
//
// A waiter is parked in the same turn of the event loop in which it found nothing among the recent messages. The feed
// arrives by the same loop, so no message falls between the two.

import type { FeedMessage, MessageFilter } from '../storage/commands.js'
import { isVisible } from './recent.js'

export interface Waiter {
  readonly filter: MessageFilter
  /** Called at most once for each `park`: by a match, by the deadline, by `wakeAll`, or never if `remove` came first. */
  wake(reason: WakeReason): void
}

/** `again`: the feed skipped messages, so look again. `ended`: the door closes. */
export type WakeReason = 'match' | 'deadline' | 'again' | 'ended'

type Index = Map<string, Set<Waiter>>

/**
 * Waiters woken in one turn of the event loop, about 10 ms. The pauses let other requests through while thousands wake.
 * With 100 the last of 1,000 would wait longer.
 */
const WOKEN_AT_ONCE = 500
const ALL = ['all']

export class Waiters {
  /** Each waiter with the timer of its deadline. */
  readonly #parked = new Map<Waiter, NodeJS.Timeout>()
  readonly #byAgent: Index = new Map()
  readonly #byTopic: Index = new Map()
  /** Waiters that are no longer parked, in the order of their wake. */
  #woken: (readonly [waiter: Waiter, reason: WakeReason])[] = []
  #waking = false

  get size(): number {
    return this.#parked.size
  }

  /** Agents in a long-poll; they are alive. */
  agents(): string[] {
    return [...this.#byAgent.keys()]
  }

  /** Parks a waiter for at most `timeoutMs`. */
  park(waiter: Waiter, timeoutMs: number): void {
    const { agentId } = waiter.filter
    if (agentId !== undefined) enter(this.#byAgent, agentId, waiter)
    for (const topic of topicsOf(waiter.filter)) enter(this.#byTopic, topic, waiter)
    this.#parked.set(waiter, setTimeout(this.#expire, timeoutMs, waiter))
  }

  /** Removes a waiter without a wake. False if it is not parked. */
  remove(waiter: Waiter): boolean {
    const deadline = this.#parked.get(waiter)
    if (deadline === undefined) return false
    clearTimeout(deadline)
    this.#parked.delete(waiter)
    const { agentId } = waiter.filter
    if (agentId !== undefined) leave(this.#byAgent, agentId, waiter)
    for (const topic of topicsOf(waiter.filter)) leave(this.#byTopic, topic, waiter)
    return true
  }

  /** Wakes the waiters for which one of these messages is visible. */
  published(messages: readonly FeedMessage[]): void {
    if (this.size === 0) return
    const matched = new Set<Waiter>()
    for (const message of messages) {
      for (const members of this.#candidates(message)) {
        for (const waiter of members ?? []) if (isVisible(message, waiter.filter)) matched.add(waiter)
      }
    }
    this.#wakeInTurn(matched, 'match')
  }

  wakeAll(reason: 'again' | 'ended'): void {
    this.#wakeInTurn([...this.#parked.keys()], reason)
  }

  /** The sets of waiters that may see a message. */
  #candidates({ to, channel, threadId }: FeedMessage): (Set<Waiter> | undefined)[] {
    if (to !== null) return [this.#byAgent.get(to)]
    const topics = [...ALL, channelTopic(channel), ...(threadId === null ? [] : [threadTopic(threadId)])]
    return topics.map((topic) => this.#byTopic.get(topic))
  }

  #wakeInTurn(waiters: Iterable<Waiter>, reason: WakeReason): void {
    for (const waiter of waiters) if (this.remove(waiter)) this.#woken.push([waiter, reason])
    if (!this.#waking) this.#wakeSome()
  }

  #wakeSome(): void {
    for (const [waiter, reason] of this.#woken.splice(0, WOKEN_AT_ONCE)) waiter.wake(reason)
    this.#waking = this.#woken.length > 0
    if (this.#waking) setImmediate(() => this.#wakeSome())
  }

  readonly #expire = (waiter: Waiter): void => {
    if (this.remove(waiter)) waiter.wake('deadline')
  }
}

/** The index keys of a waiter's broadcasts: the narrowest member of its filter. */
function topicsOf({ channels, threadId }: MessageFilter): readonly string[] {
  if (threadId !== undefined) return [threadTopic(threadId)]
  return channels?.map(channelTopic) ?? ALL
}

const channelTopic = (channel: string) => `channel ${channel}`
const threadTopic = (threadId: string) => `thread ${threadId}`

function enter(index: Index, key: string, waiter: Waiter): void {
  const members = index.get(key)
  if (members) members.add(waiter)
  else index.set(key, new Set([waiter]))
}

function leave(index: Index, key: string, waiter: Waiter): void {
  const members = index.get(key)
  members?.delete(waiter)
  if (members?.size === 0) index.delete(key)
}
