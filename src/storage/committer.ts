// Group commit. The commands that arrive during one commit are the next batch. A lone command waits for nothing, and under
// load one flush to disk carries many commands.
//
// After a slow commit, as on a database server, the clients that it has answered send their next commands in a moment. The
// others wait for them, for a small part of that commit's time. Else each half of the clients would wait for a commit of the
// other half.
//
// The steps of every batch: receive what has arrived, up to a cap → one transaction → publish → reply. Nobody hears of a
// commit that a power cut could still undo. Reads run after the batch, on committed state. A batch that can't be
// committed is refused as a whole, and nothing of it happened. A failure that no retry mends ends the actor, as an
// unhandled rejection.
//
//   queued ─▶ committing ─▶ committed, published, replied to
//     ▲           │
//     └─ blocked ◀┘ another process writes: the committer tries the batch every `TRY_AGAIN_MS`, and refuses it after
//                   `BLOCKED_MS`. Reads continue meanwhile.

import { setTimeout as pause } from 'node:timers/promises'
import type { Incoming } from '../actors/runtime/link.js'
import { ArcError } from '../protocol/errors.js'
import { isTransient, type StorageBackend, StorageBusy } from './backend.js'
import type { FeedMessage, Submission } from './commands.js'
import { type StorageContract, unpack } from './contract.js'
import type { Feed } from './feed.js'
import type { Outcome } from './outcome.js'
import { Presence } from './presence.js'

/** The most commands of one transaction. The first of them waits until the last one has run. */
const MAX_BATCH = 512
/** The most characters of message text in one transaction. */
const MAX_BATCH_CHARS = 8 * 1024 * 1024
/** Milliseconds for which commands stay blocked while another process writes; milliseconds between two tries. */
const BLOCKED_MS = 5_000
const TRY_AGAIN_MS = 2
/** A slow commit takes more milliseconds than this. */
const SLOW_COMMIT_MS = 2
/** For how long after a slow commit the next batch waits for commands: a part of its time, and milliseconds at most. */
const GATHER_SHARE = 1 / 4
const GATHER_MS = 20

/** A command that waits for its batch, or whose batch is committing. */
interface Queued {
  readonly submission: Submission
  /** Refused instead of blocked while another process writes. */
  readonly isUrgent: boolean
  reply(outcome: Outcome): void
  fail(error: unknown): void
}

/** Work on committed state, between batches. */
type AfterCommit = () => void | Promise<void>

export interface CommitterOptions {
  readonly backend: Pick<StorageBackend, 'apply'>
  readonly feed: Feed
  /** Receives commands that have arrived, without waiting for the event loop. False if there are none. */
  readonly takeIn: () => boolean
  /** Sends the collected replies and feed messages. */
  readonly flush: () => void
  /** Called with each committed batch. */
  readonly onCommitted: (submissions: readonly Submission[]) => void | Promise<void>
}

export class Committer {
  readonly #options: CommitterOptions
  readonly presence = new Presence()
  #queue: Queued[] = []
  #afterCommit: AfterCommit[] = []
  #turn: Promise<void> | undefined
  #touchTimer: NodeJS.Timeout | undefined
  /** Since when another process's write has blocked the first command of the queue. */
  #blockedSinceMs: number | undefined
  #retry: NodeJS.Timeout | undefined
  /** How many commands were in the last commit or waited when it ended. */
  #together = 0
  /** Until when the next batch waits for so many, on the clock of `performance`. */
  #gathersUntil = 0
  /** Ends the wait for commands. */
  #onGathered: (() => void) | undefined

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** Queues a door's command. */
  submit({ input, reply, fail }: Incoming<StorageContract, 'submit'>): void {
    this.#enqueue({ submission: unpack(input), isUrgent: false, reply, fail })
  }

  /**
   * Queues a command of the storage's own. An urgent one is refused instead of blocked while another process writes.
   * @throws ArcError when the storage can't be written
   */
  apply(submission: Submission, isUrgent = false): Promise<Outcome> {
    return new Promise((reply, fail) => this.#enqueue({ submission, isUrgent, reply, fail }))
  }

  /** Runs `work` after the current batch, and after every command queued before it that is not blocked. */
  afterCommit(work: AfterCommit): void {
    this.#afterCommit.push(work)
    this.#wake()
  }

  touch(agentIds: readonly string[]): void {
    this.presence.touch(agentIds)
    this.#scheduleTouches()
  }

  /** Settles when all queued commands and signs of life are committed or refused. */
  async settled(): Promise<void> {
    clearTimeout(this.#touchTimer)
    while (this.#turn || this.#queue.length > 0) await (this.#turn ?? pause(TRY_AGAIN_MS))
    if (this.presence.isPending) await this.#commit([])
  }

  #enqueue(queued: Queued): void {
    if (queued.submission.touches !== undefined) this.presence.touch([queued.submission.touches])
    this.#queue.push(queued)
    if (this.#queue.length >= this.#together) this.#onGathered?.()
    this.#wake()
  }

  #wake(): void {
    this.#turn ??= nextTurn()
      .then(() => this.#run())
      .finally(() => {
        this.#turn = undefined
        if ((this.#queue.length > 0 && !this.#retry) || this.#afterCommit.length > 0) this.#wake()
      })
  }

  /** Commits everything that has arrived. Then the event loop runs, so that load can't starve timers or `stop`. */
  async #run(): Promise<void> {
    while (this.#queue.length < MAX_BATCH && this.#options.takeIn());
    const work = this.#afterCommit
    this.#afterCommit = []
    while (this.#queue.length > 0 && !this.#retry) {
      await this.#gather()
      await this.#commit(this.#takeBatch())
    }
    for (const next of work) await next()
    this.#options.flush()
    this.#scheduleTouches()
  }

  /** After a slow commit: waits until as many commands have come, for a part of its time. */
  async #gather(): Promise<void> {
    const waitMs = this.#gathersUntil - performance.now()
    if (waitMs <= 0 || this.#queue.length >= this.#together) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      this.#onGathered = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#onGathered = undefined
  }

  #takeBatch(): Queued[] {
    let chars = 0
    let count = 0
    for (const { submission } of this.#queue) {
      chars += weight(submission)
      if (count > 0 && (count >= MAX_BATCH || chars > MAX_BATCH_CHARS)) break
      count++
    }
    return this.#queue.splice(0, count)
  }

  async #commit(batch: readonly Queued[]): Promise<void> {
    const submissions = batch.map((queued) => queued.submission)
    const now = Date.now()
    const touchesDue =
      this.presence.dueInMs(now) === 0 || submissions.some(readsPresence) || batch.length === 0
    const touched = touchesDue ? this.presence.take(now) : []
    const startedAt = performance.now()
    try {
      const { outcomes, messages } = await this.#options.backend.apply(submissions, touched)
      this.#blockedSinceMs = undefined
      this.#noteTime(startedAt, batch)
      await this.#tell(messages, submissions)
      for (const [i, queued] of batch.entries()) queued.reply(outcomes[i] as Outcome)
    } catch (error) {
      this.presence.touch(touched)
      if (error instanceof StorageBusy) return this.#block(batch, error, now)
      for (const queued of batch) queued.fail(error)
      if (!isTransient(error)) throw error
    } finally {
      this.#options.flush()
    }
  }

  #noteTime(startedAt: number, batch: readonly Queued[]): void {
    const endedAt = performance.now()
    const tookMs = endedAt - startedAt
    this.#together = batch.length + this.#queue.length
    this.#gathersUntil = tookMs > SLOW_COMMIT_MS ? endedAt + Math.min(tookMs * GATHER_SHARE, GATHER_MS) : 0
  }

  /**
   * Tells the doors of a committed batch, before its clients hear of it. A feed that can't read another hub's messages now
   * reads them, and these, when the backend reports them.
   */
  async #tell(messages: readonly FeedMessage[], submissions: readonly Submission[]): Promise<void> {
    const { feed, onCommitted } = this.#options
    for (const tell of [() => feed.publish(messages), () => onCommitted(submissions)]) {
      try {
        await tell()
      } catch (error) {
        if (!isTransient(error)) throw error // the batch is committed: its commands have succeeded
      }
    }
  }

  /** Puts a batch back into the queue. After `BLOCKED_MS` all that is queued is refused. */
  #block(batch: readonly Queued[], error: StorageBusy, triedAtMs: number): void {
    this.#blockedSinceMs ??= triedAtMs
    const isOver = Date.now() - this.#blockedSinceMs >= BLOCKED_MS
    const refusal = new ArcError(
      'storage_not_writable',
      `the storage cannot be written now (${error.message}); nothing was stored, try again`,
      { cause: error },
    )
    const refused = isOver ? [...batch, ...this.#queue] : batch.filter(({ isUrgent }) => isUrgent)
    for (const queued of refused) queued.fail(refusal)
    this.#queue = isOver ? [] : [...batch.filter(({ isUrgent }) => !isUrgent), ...this.#queue]
    if (this.#queue.length === 0) return
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined
      this.#wake()
    }, TRY_AGAIN_MS)
  }

  #scheduleTouches(): void {
    if (this.#touchTimer || !this.presence.isPending) return
    this.#touchTimer = setTimeout(() => {
      this.#touchTimer = undefined
      if (this.presence.isPending) this.afterCommit(() => this.#commit([]))
    }, this.presence.dueInMs(Date.now()))
  }
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

const PRESENCE_READERS = new Set(['session.open', 'sessions.expire', 'sessions.spare'])

function readsPresence(submission: Submission): boolean {
  return PRESENCE_READERS.has(submission.command.op)
}

function weight({ command }: Submission): number {
  return command.op === 'message.post'
    ? (command.input.body?.length ?? 0) + command.input.attachments.length
    : 0
}
