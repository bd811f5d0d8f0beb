// Everyone who waits for a message, at this door. A published message finds its waiters by channel, thread
// or addressee, so that a post costs what it wakes and not what waits.
//
// A waiter is registered in the same turn of the event loop in which the recent messages were searched in
// vain; since the feed arrives by this same loop, no message can slip in between (DESIGN, decision 5).

import type { FeedMessage, MessageFilter } from '../storage/commands.js'
import { isVisible } from './recent.js'

export interface Waiter {
  readonly filter: MessageFilter
  /** Called at most once for each `park`: by a match, by the deadline, by `wakeAll`, or never if `remove` came first. */
  wake(reason: WakeReason): void
}

/** `again`: what was committed is not known here; look once more. `ended`: the door closes. */
export type WakeReason = 'match' | 'deadline' | 'again' | 'ended'

type Index = Map<string, Set<Waiter>>

/**
 * Waiters that are woken in one turn of the event loop, about 10 ms: others, too, are to be answered while thousands are.
 * With turns of 100 the last of 1,000 waited a fifth to a half longer.
 */
const WOKEN_AT_ONCE = 500
const ALL = ['all']

export class Waiters {
  /** With the timer of each one's deadline. */
  readonly #parked = new Map<Waiter, NodeJS.Timeout>()
  readonly #byAgent: Index = new Map()
  readonly #byTopic: Index = new Map()
  /** Taken out already, in the order in which their turn to be woken comes. */
  #woken: (readonly [waiter: Waiter, reason: WakeReason])[] = []
  #waking = false

  get size(): number {
    return this.#parked.size
  }

  /** Agents blocked in a long-poll: these agents are alive. */
  agents(): string[] {
    return [...this.#byAgent.keys()]
  }

  /** Registers a waiter for at most `timeoutMs`. */
  park(waiter: Waiter, timeoutMs: number): void {
    const { agentId } = waiter.filter
    if (agentId !== undefined) enter(this.#byAgent, agentId, waiter)
    for (const topic of topicsOf(waiter.filter)) enter(this.#byTopic, topic, waiter)
    this.#parked.set(waiter, setTimeout(this.#expire, timeoutMs, waiter))
  }

  /** Takes a waiter out without waking it; false when it was not there any more. */
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

  /** Wakes whoever waits for one of these messages. */
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

  /** Where those who may see a message are found. */
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

/** By what a waiter's broadcasts are found: the narrowest thing that its filter names. */
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
