// Group commit. What arrives while one batch is being committed is the next batch: no timer, so that a
// lone command waits for nothing, and under load one flush to disk carries many commands.
//
// Order of things, for every batch: drain the mailboxes up to a cap → one transaction → publish → reply.
// Nobody is told of anything that a power cut could still take back. Queries run after the batch, on
// committed state only. A batch that can't be committed is refused as a whole, and nothing of it happened;
// a failure that no retry heals ends the actor, as an unhandled rejection.

import type { Incoming } from '../actors/runtime/link.js'
import type { Answer } from '../protocol/envelope.js'
import type { StorageBackend } from './backend.js'
import { answerOf, type Outcome, type Submission } from './commands.js'
import { type StorageContract, unpack } from './contract.js'
import type { Feed } from './feed.js'
import { Presence } from './presence.js'

/** Commands in one transaction at most: bounds the time that the first of them waits for the last. */
const MAX_BATCH = 512
/** Characters of message text in one transaction at most. */
const MAX_BATCH_CHARS = 8 * 1024 * 1024

interface Waiting {
  readonly submission: Submission
  reply(outcome: Outcome): void
  fail(error: unknown): void
}

/** Work on committed state, done between batches. */
type AfterCommit = () => void | Promise<void>

export interface CommitterOptions {
  readonly backend: StorageBackend
  readonly feed: Feed
  /** Takes in what has arrived without waiting for the event loop; false when nothing was there. */
  readonly drain: () => boolean
  /** Sends replies and feed on their way. */
  readonly flush: () => void
  /** Told which operations were committed. */
  readonly onCommitted: (submissions: readonly Submission[]) => void | Promise<void>
}

export class Committer {
  readonly #options: CommitterOptions
  readonly presence = new Presence()
  readonly #queue: Waiting[] = []
  #afterCommit: AfterCommit[] = []
  #turn: Promise<void> | undefined
  #touchTimer: NodeJS.Timeout | undefined

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** Queues a door's command. */
  submit(incoming: Incoming<StorageContract, 'submit'>): void {
    this.#enqueue({ submission: unpack(incoming.input), reply: incoming.reply, fail: incoming.fail })
  }

  /** Queues a command of the storage's own. */
  async apply(submission: Submission): Promise<Answer> {
    return answerOf(await new Promise<Outcome>((reply, fail) => this.#enqueue({ submission, reply, fail })))
  }

  /** Runs `work` after the batch under way, and after every command queued before it. */
  afterCommit(work: AfterCommit): void {
    this.#afterCommit.push(work)
    this.#wake()
  }

  touch(agentIds: readonly string[]): void {
    this.presence.touch(agentIds)
    this.#scheduleTouches()
  }

  /** Settles when everything queued so far, and the signs of life, are committed. */
  async drained(): Promise<void> {
    clearTimeout(this.#touchTimer)
    while (this.#turn) await this.#turn
    if (this.presence.waiting) await this.#commit([])
  }

  #enqueue(waiting: Waiting): void {
    if (waiting.submission.touches !== undefined) this.presence.touch([waiting.submission.touches])
    this.#queue.push(waiting)
    this.#wake()
  }

  #wake(): void {
    this.#turn ??= nextTurn()
      .then(() => this.#run())
      .finally(() => {
        this.#turn = undefined
        if (this.#queue.length > 0 || this.#afterCommit.length > 0) this.#wake()
      })
  }

  /** Everything that has arrived by now. Then the event loop has its turn, so that load can't starve timers or `stop`. */
  async #run(): Promise<void> {
    while (this.#queue.length < MAX_BATCH && this.#options.drain());
    const work = this.#afterCommit
    this.#afterCommit = []
    while (this.#queue.length > 0) await this.#commit(this.#takeBatch())
    for (const next of work) await next()
    this.#options.flush()
    this.#scheduleTouches()
  }

  #takeBatch(): Waiting[] {
    let chars = 0
    let count = 0
    for (const { submission } of this.#queue) {
      chars += weight(submission)
      if (count > 0 && (count >= MAX_BATCH || chars > MAX_BATCH_CHARS)) break
      count++
    }
    return this.#queue.splice(0, count)
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const submissions = batch.map((waiting) => waiting.submission)
    const now = Date.now()
    const touchesDue =
      this.presence.dueInMs(now) === 0 || submissions.some(readsPresence) || batch.length === 0
    const touched = touchesDue ? this.presence.take(now) : []
    try {
      const { outcomes, messages } = await this.#options.backend.apply(submissions, touched)
      await this.#options.feed.publish(messages)
      for (const [i, waiting] of batch.entries()) waiting.reply(outcomes[i] as Outcome)
      await this.#options.onCommitted(submissions)
    } catch (error) {
      this.presence.touch(touched)
      for (const waiting of batch) waiting.fail(error)
      if (!isTransient(error)) throw error
    } finally {
      this.#options.flush()
    }
  }

  #scheduleTouches(): void {
    if (this.#touchTimer || !this.presence.waiting) return
    this.#touchTimer = setTimeout(() => {
      this.#touchTimer = undefined
      if (this.presence.waiting) this.afterCommit(() => this.#commit([]))
    }, this.presence.dueInMs(Date.now()))
  }
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

const PRESENCE_READERS = new Set(['session.open', 'agents.list', 'agents.bootstrap', 'sessions.expire'])

function readsPresence(submission: Submission): boolean {
  return PRESENCE_READERS.has(submission.command.op)
}

function weight({ command }: Submission): number {
  return command.op === 'message.post'
    ? (command.input.body?.length ?? 0) + command.input.attachments.length
    : 0
}

function isTransient(error: unknown): boolean {
  return error instanceof Error && 'retryable' in error && error.retryable === true
}
