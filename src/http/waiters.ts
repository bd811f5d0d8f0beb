// Everyone who waits for a message, at this door. A published message finds its waiters by channel, thread
// or addressee, so that a post costs what it wakes and not what waits.
//
// A waiter is registered in the same turn of the event loop in which the recent messages were searched in
// vain; since the feed arrives by this same loop, no message can slip in between (DESIGN, decision 5).

import type { FeedMessage, MessageFilter } from '../protocol/commands.js'
import { isVisible } from './recent.js'

export interface Waiter {
  readonly filter: MessageFilter
  /** Called at most once: by a match, by the deadline, by `wakeAll`, or never if `cancel` came first. */
  readonly wake: (reason: WakeReason) => void
}

/** `again`: what was committed is not known here; look once more. `ended`: the door closes. */
export type WakeReason = 'match' | 'deadline' | 'again' | 'ended'

type Bucket = string

interface Parked {
  /** Where it is found. */
  readonly buckets: readonly Bucket[]
  readonly deadline: NodeJS.Timeout
}

/** Waiters that are woken in one turn of the event loop: others, too, are to be answered while thousands are. */
const WOKEN_AT_ONCE = 100

export class Waiters {
  readonly #parked = new Map<Waiter, Parked>()
  readonly #buckets = new Map<Bucket, Set<Waiter>>()
  /** How many waiters each agent has: these agents are alive. */
  readonly #agents = new Map<string, number>()
  /** Taken out already, in the order in which their turn to be woken comes. */
  #woken: (readonly [waiter: Waiter, reason: WakeReason])[] = []
  #waking = false

  get size(): number {
    return this.#parked.size
  }

  /** Agents blocked in a long-poll. */
  agents(): string[] {
    return [...this.#agents.keys()]
  }

  /** Registers a waiter for at most `timeoutMs`; returns what takes it out again without waking it. */
  park(waiter: Waiter, timeoutMs: number): () => void {
    const buckets = bucketsOf(waiter.filter)
    for (const bucket of buckets) {
      const members = this.#buckets.get(bucket)
      if (members) members.add(waiter)
      else this.#buckets.set(bucket, new Set([waiter]))
    }
    const { agentId } = waiter.filter
    if (agentId !== undefined) this.#agents.set(agentId, (this.#agents.get(agentId) ?? 0) + 1)
    const deadline = setTimeout(() => this.#wake(waiter, 'deadline'), timeoutMs)
    this.#parked.set(waiter, { buckets, deadline })
    return () => this.#remove(waiter)
  }

  /** Wakes whoever waits for one of these messages. */
  published(messages: readonly FeedMessage[]): void {
    if (this.size === 0) return
    const matched = new Set<Waiter>()
    for (const message of messages) {
      for (const bucket of bucketsFor(message)) {
        for (const waiter of this.#buckets.get(bucket) ?? []) {
          if (isVisible(message, waiter.filter)) matched.add(waiter)
        }
      }
    }
    this.#wakeInTurn(matched, 'match')
  }

  wakeAll(reason: 'again' | 'ended'): void {
    this.#wakeInTurn([...this.#parked.keys()], reason)
  }

  #wakeInTurn(waiters: Iterable<Waiter>, reason: WakeReason): void {
    for (const waiter of waiters) if (this.#remove(waiter)) this.#woken.push([waiter, reason])
    if (!this.#waking) this.#wakeSome()
  }

  #wakeSome(): void {
    for (const [waiter, reason] of this.#woken.splice(0, WOKEN_AT_ONCE)) waiter.wake(reason)
    this.#waking = this.#woken.length > 0
    if (this.#waking) setImmediate(() => this.#wakeSome())
  }

  #wake(waiter: Waiter, reason: WakeReason): void {
    if (this.#remove(waiter)) waiter.wake(reason)
  }

  #remove(waiter: Waiter): boolean {
    const parked = this.#parked.get(waiter)
    if (parked === undefined) return false
    clearTimeout(parked.deadline)
    this.#parked.delete(waiter)
    for (const bucket of parked.buckets) {
      const members = this.#buckets.get(bucket)
      members?.delete(waiter)
      if (members?.size === 0) this.#buckets.delete(bucket)
    }
    const { agentId } = waiter.filter
    if (agentId !== undefined) {
      const left = (this.#agents.get(agentId) ?? 1) - 1
      if (left === 0) this.#agents.delete(agentId)
      else this.#agents.set(agentId, left)
    }
    return true
  }
}

/** Where a waiter is kept: by the narrowest thing by which its broadcasts are found, and by its agent. */
function bucketsOf({ agentId, channels, threadId }: MessageFilter): Bucket[] {
  const broadcasts =
    threadId !== undefined
      ? [`thread ${threadId}`]
      : (channels?.map((channel) => `channel ${channel}`) ?? ['all'])
  return agentId === undefined ? broadcasts : [...broadcasts, `agent ${agentId}`]
}

/** Where those who may see a message are found. */
function bucketsFor(message: FeedMessage): Bucket[] {
  if (message.to !== null) return [`agent ${message.to}`]
  const buckets = ['all', `channel ${message.channel}`]
  return message.threadId === null ? buckets : [...buckets, `thread ${message.threadId}`]
}
