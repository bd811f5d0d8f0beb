// The hub's one connection that writes. It runs one transaction a batch, which locks the room's counter first and holds no
// other lock that another hub waits for.
//
// A batch goes by one of three ways:
//   at once   posts alone, while no other hub has written for a moment: one statement, and one trip (flight.ts)
//   together  any batch: one trip begins the transaction and reads ahead, and one writes and commits. A refused command has
//             mostly written nothing that was sent, so it is undone in memory
//   alone     what the second way could not undo: each command after a savepoint

import type { Log } from '../../actors/runtime/actor.js'
import { ArcError } from '../../protocol/errors.js'
import { storageName } from '../../storage-file.js'
import type { Applied } from '../backend.js'
import type { Submission } from '../commands.js'
import type { Outcome } from '../outcome.js'
import { touchSessions } from '../rules/sessions.js'
import { followLater } from '../rules/sql.js'
import type { ChannelRow } from '../rules/statements.js'
import { type HubSettings, newWork, type Work } from '../rules/work.js'
import { Ahead } from './ahead.js'
import { Batch, NeedsTrip } from './batch.js'
import type { DatabaseClock } from './clock.js'
import { type Connection, Reconnecting, type ReconnectingOptions } from './connection.js'
import {
  enterRoom,
  inspect,
  prepareSchema,
  SESSION_LIMITS,
  type ServerFacts,
  TRANSACTION_LIMITS,
} from './database.js'
import { asWriteError, isConnectionLost, reasonOf } from './errors.js'
import { canFly, Flights } from './flight.js'
import type { ForeignCommits } from './foreign-commits.js'
import { NOW_MS, statement } from './statement-text.js'
import { type Run, runAlone, runAmongOthers, runOnce, Spoilt } from './submissions.js'
import { ofTransaction, type Question, whatBecameOf } from './unknown-commit.js'

const LOCK = `WITH locked AS MATERIALIZED (SELECT last_id, last_ms, commits, epoch FROM arc.log FOR UPDATE)
  SELECT locked.*, ${NOW_MS} AS now_ms, pg_current_xact_id()::text AS xid
  FROM locked`
/** Milliseconds without an answer after which the connection is given up: longer than the server's own limits. */
const ANSWER_MS = 6_000
/** Milliseconds by which the time of a batch that goes at once may differ from the database's. */
const TOLERANCE_MS = 1_000

export interface PostgresOptions extends HubSettings {
  /** A URL of PostgreSQL. */
  readonly storagePath: string
  readonly log: Log
  /** The clock of the rules, in epoch milliseconds. Default: the database's. */
  readonly clock?: (() => number) | undefined
}

export interface WriterOptions {
  readonly settings: PostgresOptions
  readonly connection: Pick<ReconnectingOptions, 'driver' | 'isPipelined' | 'isPrepared'>
  readonly clock: DatabaseClock
  /** Reports the commits of other hubs, once they are watched. */
  readonly foreignCommits: () => ForeignCommits | undefined
}

/** The room's counter, as a transaction that holds its lock has read it. */
interface Counter {
  readonly lastId: number
  readonly commits: number
  readonly nowMs: number
  readonly xid: string
}

export class Writer {
  readonly #options: WriterOptions
  readonly #connection: Reconnecting
  readonly #channels = new Map<string, ChannelRow>()
  readonly #flights: Flights
  /** Connections that keep the server's limits from one transaction to the next. */
  readonly #limited = new WeakSet<Connection>()
  #instanceId = ''
  #server: ServerFacts | undefined
  #commits = 0
  #epoch: number | undefined
  /** The highest id of a message that this hub has seen stored. */
  #seenId = 0
  #problem: string | null = null
  #onLost: ((problem: string) => void) | undefined

  constructor(options: WriterOptions) {
    this.#options = options
    const { settings, clock } = options
    this.#flights = new Flights({
      hubId: settings.hubId,
      clock,
      whatBecameOf: (lost, reason) => this.#whatBecameOf(lost, reason),
    })
    const prepare = (connection: Connection) => this.#prepare(connection)
    this.#connection = new Reconnecting({
      ...options.connection,
      role: 'writer',
      answerMs: ANSWER_MS,
      prepare,
    })
  }

  get instanceId(): string {
    return this.#instanceId
  }

  /** What the server says of itself. Undefined before the first connection. */
  get server(): ServerFacts | undefined {
    return this.#server
  }

  /** How many batches this hub has committed. */
  get commits(): number {
    return this.#commits
  }

  /** Why this hub stores nothing more. Null: it stores. */
  get problem(): string | null {
    return this.#problem
  }

  /** A message with that id is stored. */
  saw(id: number): void {
    this.#seenId = Math.max(this.#seenId, id)
  }

  /** The open connection, for what needs no lock. */
  get(): Promise<Connection> {
    return this.#connection.get()
  }

  watchLoss(onLost: (problem: string) => void): () => void {
    this.#onLost = onLost
    return () => {
      this.#onLost = undefined
    }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  /** Runs `work` in one transaction. */
  async run(work: (batch: Batch, context: Work) => Promise<unknown>): Promise<void> {
    await this.#transact(await this.get(), work)
  }

  /** Runs the submissions of a batch in one transaction. */
  async apply(submissions: readonly Submission[], touched: readonly string[]): Promise<Applied> {
    try {
      const connection = await this.get()
      if (this.#problem !== null) throw new ArcError('storage_lost', this.#problem)
      const applied = touched.length === 0 ? await this.#applyAtOnce(connection, submissions) : undefined
      return applied ?? (await this.#applyTogether(connection, submissions, touched))
    } catch (error) {
      throw asWriteError(error)
    }
  }

  /** Undefined if the batch has to go another way. Nothing of it is stored then. */
  async #applyAtOnce(
    connection: Connection,
    submissions: readonly Submission[],
  ): Promise<Applied | undefined> {
    const { settings, clock, foreignCommits } = this.#options
    const { expected } = this.#flights
    if (!expected || foreignCommits()?.hears !== true || !submissions.every(canFly)) return undefined
    const nowMs = settings.clock?.() ?? Math.max(clock.now(), expected.lastMs)
    const ahead = Ahead.ofNewKeys(submissions)
    const batch = new Batch(undefined, { lastId: expected.lastId, channels: this.#channels, ahead })
    try {
      const applied = await applyTo(batch, newWork(settings, nowMs), submissions, runAmongOthers)
      if (!batch.isOfPosts) return undefined
      await this.#keepLimits(connection)
      const tolerance = settings.clock ? null : TOLERANCE_MS
      const isStored = await this.#flights.send(connection, batch, expected, nowMs, tolerance)
      if (!isStored) return undefined
      this.#committed(batch, expected.commits + 1)
      return applied
    } catch (error) {
      if (error instanceof NeedsTrip) return undefined
      throw error
    }
  }

  async #applyTogether(
    connection: Connection,
    submissions: readonly Submission[],
    touched: readonly string[],
  ): Promise<Applied> {
    const { log } = this.#options.settings
    const attempt = (run: Run) =>
      this.#transact(
        connection,
        async (batch, work) => {
          await followLater(touchSessions(touched, work), batch)
          return applyTo(batch, work, submissions, run)
        },
        submissions,
      )
    try {
      return await attempt(runAmongOthers)
    } catch (error) {
      if (!(error instanceof Spoilt)) throw error
      if (!(error.cause instanceof ArcError)) log('warn', `a batch is run again: ${reasonOf(error.cause)}`)
      return attempt(runAlone(connection, log))
    }
  }

  /** Runs `work` in one transaction, which holds the lock of the room. */
  async #transact<T>(
    connection: Connection,
    work: (batch: Batch, context: Work) => Promise<T>,
    submissions: readonly Submission[] = [],
  ): Promise<T> {
    const begun = connection.script(
      `BEGIN; ${this.#limited.has(connection) ? '' : TRANSACTION_LIMITS}${LOCK}`,
    )
    const looked = Ahead.read(submissions, connection)
    let counter: Counter
    let result: T
    let batch: Batch
    try {
      const [read, ahead] = await Promise.all([begun, looked])
      counter = this.#counterOf(read)
      batch = new Batch(connection, { lastId: counter.lastId, channels: this.#channels, ahead })
      result = await work(batch, newWork(this.#options.settings, counter.nowMs))
      if (batch.writes) batch.finish(counter.nowMs)
    } catch (error) {
      await Promise.allSettled([begun, looked])
      if (!connection.isLost) await connection.script('ROLLBACK').catch(() => {})
      throw error
    }
    await this.#commit(connection, batch, counter)
    const commits = counter.commits + (batch.writes ? 1 : 0)
    if (this.#epoch !== undefined) {
      this.#flights.left({ epoch: this.#epoch, lastId: batch.lastId, lastMs: counter.nowMs, commits })
    }
    this.#committed(batch, commits)
    return result
  }

  /** A transaction of this hub is committed, as the room's number `commits` if it has written. */
  #committed(batch: Batch, commits: number): void {
    this.#commits++
    for (const [name, row] of batch.newChannels) this.#channels.set(name, row)
    this.saw(batch.newestId ?? 0)
    if (batch.writes) this.#options.foreignCommits()?.committed(commits)
  }

  #counterOf(read: Awaited<ReturnType<Connection['script']>>): Counter {
    const { settings, clock } = this.#options
    const log = read.at(-1)?.rows[0]
    if (!log) throw new ArcError('storage_lost', 'the tables of the room are gone: stop the hub (arc stop)')
    if (log.epoch !== this.#epoch || log.last_id < this.#seenId) {
      this.#lose('was restored to an earlier state')
      throw new ArcError('storage_lost', this.#problem ?? '')
    }
    this.#flights.found(log.commits)
    clock.set(log.now_ms)
    const nowMs = settings.clock?.() ?? Math.max(log.now_ms, log.last_ms)
    return { lastId: log.last_id, commits: log.commits, nowMs, xid: log.xid }
  }

  async #commit(connection: Connection, batch: Batch, { xid }: Counter): Promise<void> {
    const committed = connection.script('COMMIT')
    committed.catch(() => {})
    try {
      await batch.settled()
    } catch (error) {
      await committed.catch(() => {})
      // The COMMIT of a failed transaction rolls it back.
      if (!isConnectionLost(error))
        throw asWriteError(error) === error ? new Spoilt('a write', { cause: error }) : error
    }
    try {
      const [result] = await committed
      if (result?.command !== 'COMMIT')
        throw new ArcError('storage_not_writable', 'the database has rolled the transaction back; try again')
      connection.mustBeReplicated()
    } catch (error) {
      if (!isConnectionLost(error)) throw error
      await this.#whatBecameOf(ofTransaction(xid), error)
    }
  }

  /** Returns if the transaction that a lost connection has not answered is committed. */
  async #whatBecameOf(lost: Question, reason: unknown): Promise<void> {
    const { log } = this.#options.settings
    log('warn', `the connection to the database was lost during a commit: ${reasonOf(reason)}`)
    const epoch = this.#epoch
    await whatBecameOf(
      lost,
      () => this.get(),
      () => this.#epoch === epoch,
    )
  }

  /** The limits of a transaction in one statement. */
  async #keepLimits(connection: Connection): Promise<void> {
    if (this.#limited.has(connection)) return
    await connection.script(SESSION_LIMITS)
    this.#limited.add(connection)
  }

  async #prepare(connection: Connection): Promise<void> {
    const { storagePath } = this.#options.settings
    this.#server = await inspect(connection, /[?&]unsafe=accept(&|$)/.test(storagePath))
    await prepareSchema(connection)
    const { instanceId, epoch } = await enterRoom(connection)
    if (this.#epoch === undefined) this.#instanceId = instanceId
    else if (instanceId !== this.#instanceId) this.#lose('holds another room now, which was reset')
    else if (epoch !== this.#epoch) await this.#lookForLostTail(connection)
    this.#epoch = epoch
  }

  /** Another server has taken over. It may lack the last commits. */
  async #lookForLostTail(connection: Connection): Promise<void> {
    const { rows } = await connection.send(
      statement('SELECT 1 FROM arc.messages WHERE id = @id', { id: this.#seenId }),
    )
    if (rows.length === 0 && this.#seenId > 0) {
      this.#lose(
        `has lost commits that this hub has seen, up to message ${this.#seenId}: another server has taken over without them`,
      )
    } else {
      const text = 'another database server has taken over; it has every message that this hub has seen'
      this.#options.settings.log('warn', text)
    }
  }

  #lose(what: string): void {
    if (this.#problem !== null) return
    const name = storageName(this.#options.settings.storagePath)
    this.#problem = `the database ${name} ${what}; this hub stores nothing more. Agents must read anew: start the hub again (arc stop, arc ensure)`
    this.#onLost?.(this.#problem)
  }
}

async function applyTo(
  batch: Batch,
  work: Work,
  submissions: readonly Submission[],
  run: Run,
): Promise<Applied> {
  const outcomes: Outcome[] = []
  for (const submission of submissions) outcomes.push(await runOnce(submission, batch, work, run))
  return { outcomes, messages: work.stored }
}
