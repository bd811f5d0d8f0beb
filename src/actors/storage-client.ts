// A door's way to the storage actor: survives the actor's restarts. While it is away, calls fail at once
// with a retryable error, and `present` tells when trying again makes sense.

import type { MessagePort } from 'node:worker_threads'
import { answerOf, type Page, type PageQuery, type Query, type Submission } from '../protocol/commands.js'
import type { Answer } from '../protocol/envelope.js'
import { ArcError } from '../protocol/errors.js'
import { type Handlers, Link } from './runtime/link.js'
import type { DoorContract, StorageContract } from './storage/contract.js'

/**
 * Requests that may wait for the storage at once; more are refused, so that a flood can't fill the memory, and is
 * over when it ends: 4,000 commands are committed in half a second.
 */
const MAX_PENDING = { commands: 4_000, reads: 10_000 } as const

export class StorageClient {
  readonly #handlers: Handlers<DoorContract>
  #link: Link<StorageContract, DoorContract> | undefined
  readonly #awaiting = new Set<() => void>()

  constructor(handlers: Handlers<DoorContract>) {
    this.#handlers = handlers
  }

  /** Connects to the storage's new life; the feed goes on after `afterId`. */
  async connect(port: MessagePort, afterId: number | null): Promise<void> {
    const link = new Link<StorageContract, DoorContract>(port, this.#handlers, () => {
      if (this.#link === link) this.#link = undefined
    })
    await link.call('subscribe', { afterId })
    this.#link = link
    for (const go of this.#awaiting) go()
    this.#awaiting.clear()
  }

  submit(submission: Submission): Promise<Answer> {
    return this.#call((link) => link.call('submit', submission).then(answerOf), MAX_PENDING.commands)
  }

  query(query: Query): Promise<Answer> {
    return this.#call((link) => link.call('query', query))
  }

  status(): Promise<Answer> {
    return this.#call((link) => link.call('status', undefined))
  }

  page(query: PageQuery): Promise<Page> {
    return this.#call((link) => link.call('page', query))
  }

  touch(agentIds: readonly string[]): void {
    if (agentIds.length > 0) this.#link?.cast('touch', agentIds)
  }

  /** Settles when this door has been sent everything committed so far, or at once while the storage is away. */
  async caughtUp(timeoutMs: number): Promise<void> {
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
    this.#link?.close()
  }

  #call<T>(
    work: (link: Link<StorageContract, DoorContract>) => Promise<T>,
    maxPending: number = MAX_PENDING.reads,
  ): Promise<T> {
    if (!this.#link)
      return Promise.reject(new ArcError('unavailable', 'the storage is being restarted; try again'))
    if (this.#link.pendingCalls >= maxPending) {
      return Promise.reject(
        new ArcError('overloaded', 'the hub has more requests than it can take; try again later'),
      )
    }
    return work(this.#link)
  }
}
