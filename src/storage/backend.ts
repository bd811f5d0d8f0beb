// A storage backend, seen from the domain: it applies batches of commands durably, answers queries, and
// tells what became visible. It knows nothing of ports, batching policy or HTTP. SQLite is the embedded one.

import type { Answer } from '../protocol/envelope.js'
import type { FeedMessage, Outcome, Page, PageQuery, Query, StorageFacts, Submission } from './commands.js'

type Awaitable<T> = T | Promise<T>

export interface Applied {
  /** One for each submission, in their order. */
  readonly outcomes: readonly Outcome[]
  /** The messages that the batch stored, in id order. */
  readonly messages: readonly FeedMessage[]
}

export interface PendingShutdown {
  readonly firesAtMs: number
  readonly delaySec: number
}

export interface StorageBackend {
  readonly facts: Omit<StorageFacts, 'latestId' | 'allowRemote'>

  /**
   * Runs the submissions in order in one durable transaction, and marks the sessions of `touched` agents
   * as seen before. A refused submission changes nothing and spoils no other. When this returns, everything
   * in it survives power loss; when it throws, nothing of it happened.
   * @throws ArcError `storage_not_writable` when the storage can't be written for now (full, locked, read-only)
   */
  apply(submissions: readonly Submission[], touched: Iterable<string>): Awaitable<Applied>

  query(query: Query): Awaitable<Answer>
  /** @throws ArcError `not_found` for an unknown channel */
  page(query: PageQuery): Awaitable<Page>

  latestId(): Awaitable<number>
  /** All messages with `id > afterId`, ascending; undefined when they are more than `limit`, or too large to be sent at once. */
  messagesAfter(afterId: number, limit: number): Awaitable<readonly FeedMessage[] | undefined>
  /** Calls back after another process has committed to the same storage; returns what ends the watch. */
  watchForeignCommits(onCommit: () => void): () => void

  pendingShutdown(): Awaitable<PendingShutdown | undefined>
  allowRemote(): Awaitable<boolean>
  /** Drops idempotency keys past their retention. */
  prune(): Awaitable<void>
  close(): Awaitable<void>
}
