// A door's client of the storage actor. It survives the actor's restarts: while the actor is away, calls fail at once with
// a retryable error, and `present` resolves when the actor is back.

import type { MessagePort } from 'node:worker_threads'
import { type Caller, type Handlers, Link } from '../actors/runtime/link.js'
import { ArcError } from '../protocol/errors.js'
import type { Page, PageQuery, Query, Submission } from './commands.js'
import { type DoorContract, pack, type StorageContract } from './contract.js'
import type { Done, Outcome } from './outcome.js'

/**
 * The most pending requests to the storage. The client refuses more, so that a flood can't fill the memory. The storage
 * commits 4,000 commands in half a second, so a flood delays nobody after its end.
 */
const MAX_PENDING = { commands: 4_000, reads: 10_000 } as const

/** Milliseconds for which the client collects signs of life. */
const TOUCH_MS = 200

export class StorageClient {
  readonly #handlers: Handlers<DoorContract>
  #link: Link<StorageContract, DoorContract> | undefined
  readonly #awaiting = new Set<() => void>()
  readonly #touched = new Set<string>()
  #touchTimer: NodeJS.Timeout | undefined
  /** Set if the door's first reader came before the storage was connected: the id for `subscribe`. */
  #subscribeAfter: number | undefined

  constructor(handlers: Handlers<DoorContract>) {
    this.#handlers = {
      ...handlers,
      // First the signs of life: an agent that was answered a moment ago waits no longer, but it is alive.
      waiting: (incoming) => {
        this.#flushTouches()
        handlers.waiting(incoming)
      },
    }
  }

  /** Connects to a storage actor that has started. The feed continues after `afterId`; null: it has not begun. */
  async connect(port: MessagePort, afterId: number | null): Promise<void> {
    const link = new Link<StorageContract, DoorContract>(port, this.#handlers, () => {
      if (this.#link === link) this.#link = undefined
    })
    await link.call('connect', { afterId })
    this.#link = link
    if (this.#subscribeAfter !== undefined) this.subscribe(this.#subscribeAfter)
    this.#subscribeAfter = undefined
    for (const go of this.#awaiting) go()
    this.#awaiting.clear()
  }

  submit(submission: Submission, caller: Caller<Outcome>): void {
    this.#flushTouches()
    const link = this.#linkFor(MAX_PENDING.commands)
    if (link instanceof ArcError) caller.failed(link)
    else link.callFor(caller, 'submit', pack(submission))
  }

  query(query: Query): Promise<Done> {
    this.#flushTouches()
    return this.#read('query', query)
  }

  status(): Promise<Done> {
    return this.#read('status', undefined)
  }

  page(query: PageQuery): Promise<Page> {
    return this.#read('page', query)
  }

  /** Starts the feed after an id, or as soon as the storage is back. */
  subscribe(afterId: number): void {
    if (this.#link) this.#link.cast('subscribe', { afterId })
    else this.#subscribeAfter = afterId
  }

  /** Collects signs of life for `TOUCH_MS`. They reach the storage before any call that might read them. */
  touch(agentIds: readonly string[]): void {
    for (const id of agentIds) this.#touched.add(id)
    if (this.#touched.size > 0) this.#touchTimer ??= setTimeout(() => this.#flushTouches(), TOUCH_MS)
  }

  #flushTouches(): void {
    if (this.#touched.size === 0) return
    clearTimeout(this.#touchTimer)
    this.#touchTimer = undefined
    this.#link?.cast('touch', [...this.#touched])
    this.#touched.clear()
  }

  /** Settles when this door has received everything committed so far; at once while the storage is away. */
  async caughtUp(timeoutMs: number): Promise<void> {
    this.#flushTouches()
    await this.#link?.call('sync', undefined, timeoutMs).catch(() => {})
  }

  present(timeoutMs: number): Promise<void> {
    if (this.#link) return Promise.resolve()
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer)
        this.#awaiting.delete(go)
        resolve()
      }
      const timer = setTimeout(go, timeoutMs)
      this.#awaiting.add(go)
    })
  }

  close(): void {
    this.#flushTouches()
    this.#link?.close()
  }

  async #read<K extends 'query' | 'page' | 'status'>(
    name: K,
    input: StorageContract[K]['input'],
  ): Promise<StorageContract[K]['output']> {
    const link = this.#linkFor(MAX_PENDING.reads)
    if (link instanceof ArcError) throw link
    return link.call(name, input)
  }

  /** The link, or why it can't take another call. */
  #linkFor(maxPending: number): Link<StorageContract, DoorContract> | ArcError {
    if (!this.#link) return new ArcError('unavailable', 'the storage is being restarted; try again')
    if (this.#link.pendingCalls < maxPending) return this.#link
    return new ArcError('overloaded', 'the hub has more requests than it can take; try again later')
  }
}
