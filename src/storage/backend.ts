// The interface of a storage backend: it applies batches of commands durably, answers queries, and reports what other
// processes have committed. It knows nothing of ports, batching or HTTP. The rules (`rules/`) decide what happens; a
// backend adds one engine's statements, transactions and wake-ups.
//
// The feed relies on four promises of every engine:
//   - The transaction that stores a message also assigns its id. These transactions run one after another over all hubs on
//     a storage. So the order of ids is the order of commits: after an id, no new lower id ever appears.
//   - Our hubs leave no gaps between ids, and a batch that fails leaves none. So a gap after the last published id means
//     that another hub has committed, and `messagesAfter` finds its messages.
//   - When `apply` returns, the whole batch survives power loss, and every hub on the storage can read it. When it throws,
//     nothing of the batch happened.
//   - `watchForeignCommits` calls back after every foreign commit. It may call once for many, or without one.
//     After a read has failed, it calls back when the storage can be read again.

import { ArcError } from '../protocol/errors.js'
import type { FeedMessage, Health, Page, PageQuery, Query, StorageFacts, Submission } from './commands.js'
import type { Done, Outcome } from './outcome.js'

type Awaitable<T> = T | Promise<T>

export interface Applied {
  /** One for each submission, in their order. */
  readonly outcomes: readonly Outcome[]
  /** The messages that the batch stored, in id order. */
  readonly messages: readonly FeedMessage[]
}

export interface BoundSessions {
  /** Ids of the sessions whose process has ended. */
  readonly ended: readonly string[]
  /** Agents whose process runs, and whose last sign of life should be renewed. */
  readonly due: readonly string[]
}

export interface PendingShutdown {
  readonly firesAtMs: number
  readonly delaySec: number
}

/** Another process is writing. Nothing of the batch happened; try it again in a moment. */
export class StorageBusy extends Error {}

/** Whether the storage can't be used now, and may be used later. */
export const isTransient = (error: unknown): boolean => error instanceof ArcError && error.retryable

export interface StorageBackend {
  readonly facts: Omit<StorageFacts, 'latestId' | 'allowRemote'>

  /**
   * Marks the sessions of `touched` agents as seen, then runs the submissions in order, in one durable transaction. A refused
   * submission changes nothing, and the others still count.
   * @throws StorageBusy while another process writes
   * @throws ArcError `storage_not_writable` for a full or read-only storage; `storage_lost` if its file is gone
   */
  apply(submissions: readonly Submission[], touched: Iterable<string>): Awaitable<Applied>

  /** Reads committed state, and never waits for a writer. @throws ArcError when the query is refused */
  query(query: Query): Awaitable<Done>
  /** @throws ArcError `not_found` for an unknown channel */
  page(query: PageQuery): Awaitable<Page>

  latestId(): Awaitable<number>
  /** All messages with `id > afterId`, ascending. Undefined if they are more than `limit`, or too large for one answer. */
  messagesAfter(afterId: number, limit: number): Awaitable<readonly FeedMessage[] | undefined>
  /** Calls back after another process has committed to the same storage. Returns a function that ends the watch. */
  watchForeignCommits(onCommit: () => void): () => void
  /** Calls back once, within a second, if the storage's file is lost. Returns a function that ends the watch. */
  watchLoss(onLost: (problem: string) => void): () => void

  /** Looks at the sessions that share the life of a process which this hub can see. */
  boundSessions(): Awaitable<BoundSessions>
  /** Whether a session is older than the presence TTL. */
  hasExpired(): Awaitable<boolean>
  pendingShutdown(): Awaitable<PendingShutdown | undefined>
  allowRemote(): Awaitable<boolean>
  health(): Health
  /** Deletes outcomes past their retention, and old ended sessions. */
  prune(): Awaitable<void>
  close(): Awaitable<void>
}
