// A storage backend, seen from the domain: it applies batches of commands durably, answers queries, and tells what became
// visible. It knows nothing of ports, batching policy or HTTP. What happens is said by the rules (`rules/`); a
// backend has the statements' texts, transactions and wake-ups of one engine.
//
// What the feed relies on, whichever the engine:
//   - Message ids are given out inside the transaction that stores the message, and transactions that do so run one after
//     the other over all hubs on a storage. So the order of ids is the order of commits, and a reader that has seen an
//     id will never be shown a lower one that is new.
//   - Ids are dense as far as hubs of this make write: a hole behind the last id that was published means that another hub has
//     committed, and `messagesAfter` finds what is in it. A batch that fails leaves no hole.
//   - When `apply` returns, everything in the batch survives power loss, and every hub on the storage can read it. When it
//     throws, nothing of it happened.
//   - `watchForeignCommits` may call once for many commits, or without one, but never not at all.

import type { FeedMessage, Health, Page, PageQuery, Query, StorageFacts, Submission } from './commands.js'
import type { Done, Outcome } from './outcome.js'

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

/** Another process writes just now. Nothing of the batch happened; it can be tried again in a moment. */
export class StorageBusy extends Error {}

export interface StorageBackend {
  readonly facts: Omit<StorageFacts, 'latestId' | 'allowRemote'>

  /**
   * Runs the submissions in order in one durable transaction, and marks the sessions of `touched` agents
   * as seen before. A refused submission changes nothing and spoils no other.
   * @throws StorageBusy while another process writes
   * @throws ArcError `storage_not_writable` when the storage can't be written for now (full, read-only); `storage_lost` when
   * its file is gone
   */
  apply(submissions: readonly Submission[], touched: Iterable<string>): Awaitable<Applied>

  /** Reads committed state, and never waits for a writer. @throws ArcError when the query is refused */
  query(query: Query): Awaitable<Done>
  /** @throws ArcError `not_found` for an unknown channel */
  page(query: PageQuery): Awaitable<Page>

  latestId(): Awaitable<number>
  /** All messages with `id > afterId`, ascending; undefined when they are more than `limit`, or too large to be sent at once. */
  messagesAfter(afterId: number, limit: number): Awaitable<readonly FeedMessage[] | undefined>
  /** Calls back after another process has committed to the same storage; returns what ends the watch. */
  watchForeignCommits(onCommit: () => void): () => void
  /** Calls back once, within a second, when the storage was taken away from under the hub; returns what ends the watch. */
  watchLoss(onLost: (problem: string) => void): () => void

  /** Whether a session is past its time to live. */
  hasExpired(): Awaitable<boolean>
  pendingShutdown(): Awaitable<PendingShutdown | undefined>
  allowRemote(): Awaitable<boolean>
  health(): Health
  /** Drops outcomes past their retention, and sessions that ended long ago. */
  prune(): Awaitable<void>
  close(): Awaitable<void>
}
