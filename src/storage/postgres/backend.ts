// The PostgreSQL backend: three connections to a database that other hubs may use as well.
//
// The writer runs one transaction a batch, which locks the room's counter first and holds no other lock that another hub
// waits for. The reader answers queries on committed state. The listener hears the other hubs' bells (foreign-commits.ts).
//
// A refused command has mostly written nothing that was sent, so it is undone in memory. Else the batch is rolled back and
// run again with savepoints.

import type { Log } from '../../actors/runtime/actor.js'
import { ArcError } from '../../protocol/errors.js'
import { storageName } from '../../storage-file.js'
import type { Applied, StorageBackend } from '../backend.js'
import type { Page, PageQuery, Query, Submission } from '../commands.js'
import type { Done, Outcome } from '../outcome.js'
import { foundChannels } from '../rules/channels.js'
import { allowRemote, forgetHubs, pendingShutdown } from '../rules/hub-state.js'
import { forgetOutcomes } from '../rules/idempotency.js'
import { forgetOffers } from '../rules/mailboxes.js'
import { latestId } from '../rules/message-log.js'
import { messagesAfter, pageOfMessages } from '../rules/messages.js'
import { queryRule } from '../rules/rules.js'
import { forgetSessions, hasExpired, lookAtBound, touchSessions } from '../rules/sessions.js'
import { followLater, type Rule } from '../rules/sql.js'
import type { ChannelRow } from '../rules/statements.js'
import { forgetWaits } from '../rules/waits.js'
import { type HubSettings, newWork, type Work } from '../rules/work.js'
import { Ahead } from './ahead.js'
import { Batch } from './batch.js'
import { DatabaseClock } from './clock.js'
import { type Connection, Reconnecting } from './connection.js'
import {
  enterRoom,
  inspect,
  LIMITS,
  mustBePrimary,
  prepareSchema,
  type ServerFacts,
  unusable,
} from './database.js'
import { type Driver, loadDriver } from './driver.js'
import { PostgresEngine } from './engine.js'
import { asReadError, asWriteError, isConnectionLost, reasonOf } from './errors.js'
import { ForeignCommits } from './foreign-commits.js'
import { statement } from './statement-text.js'
import { type Run, runAlone, runAmongOthers, runOnce, Spoilt } from './submissions.js'
import { whatBecameOf } from './unknown-commit.js'

const BEGIN = `BEGIN; ${LIMITS}; WITH locked AS MATERIALIZED (SELECT last_id, last_ms, commits, epoch FROM arc.log FOR UPDATE)
  SELECT locked.*, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms, pg_current_xact_id()::text AS xid
  FROM locked`
const COUNT = `SELECT commits, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms FROM arc.log`
/** The longest that a read may take, in milliseconds. */
const READ_MS = 10_000
/** Milliseconds without an answer after which a connection is given up: longer than the server's own limits. */
const ANSWER_MS = { writer: 6_000, reader: 12_000 } as const

export interface PostgresOptions extends HubSettings {
  /** A URL of PostgreSQL. */
  readonly storagePath: string
  readonly log: Log
  /** The clock of the rules, in epoch milliseconds. Default: the database's. */
  readonly clock?: (() => number) | undefined
}

/** The room's counter, as a transaction that holds its lock has read it. */
interface Counter {
  readonly lastId: number
  readonly commits: number
  readonly nowMs: number
  readonly xid: string
}

export class PostgresBackend implements StorageBackend {
  facts: StorageBackend['facts']
  readonly #options: PostgresOptions
  readonly #writer: Reconnecting
  readonly #reader: Reconnecting
  readonly #listener: Reconnecting
  readonly #reading: PostgresEngine
  readonly #clock = new DatabaseClock()
  readonly #channels = new Map<string, ChannelRow>()
  #server: ServerFacts | undefined
  #foreignCommits: ForeignCommits | undefined
  #commits = 0
  #epoch: number | undefined
  /** The highest id of a message that this hub has seen stored. */
  #seenId = 0
  #problem: string | null = null
  #onLost: ((problem: string) => void) | undefined

  /** Opens, creates or migrates the room. @throws ArcError `storage_unusable` or `start_failed`, saying what to do */
  static async open(options: PostgresOptions): Promise<PostgresBackend> {
    const backend = new PostgresBackend(options, await loadDriver(options.storagePath))
    try {
      await backend.#open()
      return backend
    } catch (error) {
      await backend.close()
      throw unusable(storageName(options.storagePath), error)
    }
  }

  private constructor(options: PostgresOptions, driver: Driver) {
    this.#options = options
    const isPrepared = () => this.#foreignCommits?.hears === true
    const shared = { driver, isPipelined: true, isPrepared }
    const prepareWriter = (connection: Connection) => this.#prepareWriter(connection)
    this.#writer = new Reconnecting({
      ...shared,
      role: 'writer',
      answerMs: ANSWER_MS.writer,
      prepare: prepareWriter,
    })
    const prepareReader = async (connection: Connection) => {
      await connection.script(`SET statement_timeout = ${READ_MS}`)
      await mustBePrimary(connection)
    }
    this.#reader = new Reconnecting({
      ...shared,
      role: 'reader',
      answerMs: ANSWER_MS.reader,
      prepare: prepareReader,
    })
    const prepare = mustBePrimary
    this.#listener = new Reconnecting({ ...shared, role: 'listener', prepare })
    this.#reading = new PostgresEngine(() => this.#reader.get())
    this.facts = { instanceId: '', storagePath: storageName(options.storagePath), journalMode: 'wal' }
  }

  async #open(): Promise<void> {
    const connection = await this.#writer.get()
    await this.#transact(connection, async (batch, work) => {
      await followLater(forgetHubs(work), batch)
      await followLater(foundChannels(work), batch)
    })
    this.#seenId = await this.latestId()
  }

  async #prepareWriter(connection: Connection): Promise<void> {
    this.#server = await inspect(connection, /[?&]unsafe=accept(&|$)/.test(this.#options.storagePath))
    await prepareSchema(connection)
    const { instanceId, epoch } = await enterRoom(connection)
    if (this.#epoch === undefined) this.facts = { ...this.facts, instanceId }
    else if (instanceId !== this.facts.instanceId) this.#lose('holds another room now, which was reset')
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
    } else
      this.#options.log(
        'warn',
        'another database server has taken over; it has every message that this hub has seen',
      )
  }

  #lose(what: string): void {
    if (this.#problem !== null) return
    this.#problem = `the database ${this.facts.storagePath} ${what}; this hub stores nothing more. Agents must read anew: start the hub again (arc stop, arc ensure)`
    this.#onLost?.(this.#problem)
  }

  async apply(submissions: readonly Submission[], touched: Iterable<string>): Promise<Applied> {
    const agentIds = [...touched]
    try {
      const connection = await this.#writer.get()
      if (this.#problem !== null) throw new ArcError('storage_lost', this.#problem)
      return await this.#applyTogether(connection, submissions, agentIds)
    } catch (error) {
      throw asWriteError(error)
    }
  }

  async #applyTogether(
    connection: Connection,
    submissions: readonly Submission[],
    touched: readonly string[],
  ): Promise<Applied> {
    const attempt = (run: Run) =>
      this.#transact(
        connection,
        async (batch, work) => {
          await followLater(touchSessions(touched, work), batch)
          const outcomes: Outcome[] = []
          for (const submission of submissions) outcomes.push(await runOnce(submission, batch, work, run))
          return { outcomes, messages: work.stored }
        },
        submissions,
      )
    try {
      return await attempt(runAmongOthers)
    } catch (error) {
      if (!(error instanceof Spoilt)) throw error
      if (!(error.cause instanceof ArcError))
        this.#options.log('warn', `a batch is run again: ${reasonOf(error.cause)}`)
      return attempt(runAlone(connection, this.#options.log))
    }
  }

  /** Runs `work` in one transaction, which holds the lock of the room. */
  async #transact<T>(
    connection: Connection,
    work: (batch: Batch, context: Work) => Promise<T>,
    submissions: readonly Submission[] = [],
  ): Promise<T> {
    const begun = connection.script(BEGIN)
    const looked = Ahead.read(submissions, connection)
    let counter: Counter
    let result: T
    let batch: Batch
    try {
      const [read, ahead] = await Promise.all([begun, looked])
      counter = this.#counterOf(read)
      batch = new Batch(connection, { lastId: counter.lastId, channels: this.#channels, ahead })
      result = await work(batch, newWork(this.#options, counter.nowMs))
      if (batch.writes) batch.finish(counter.nowMs)
    } catch (error) {
      await Promise.allSettled([begun, looked])
      if (!connection.isLost) await connection.script('ROLLBACK').catch(() => {})
      throw error
    }
    await this.#commit(connection, batch, counter)
    this.#commits++
    for (const [name, row] of batch.newChannels) this.#channels.set(name, row)
    if (batch.lastId > counter.lastId) this.#seenId = batch.lastId
    if (batch.writes) this.#foreignCommits?.committed(counter.commits + 1)
    return result
  }

  #counterOf(read: Awaited<ReturnType<Connection['script']>>): Counter {
    const log = read.at(-1)?.rows[0]
    if (!log) throw new ArcError('storage_lost', 'the tables of the room are gone: stop the hub (arc stop)')
    if (log.epoch !== this.#epoch || log.last_id < this.#seenId) {
      this.#lose('was restored to an earlier state')
      throw new ArcError('storage_lost', this.#problem ?? '')
    }
    this.#clock.set(log.now_ms)
    const nowMs = this.#options.clock?.() ?? Math.max(log.now_ms, log.last_ms)
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
      if (connection.isUnreplicated) {
        connection.close()
        const text =
          'the database has stored it, and its standby did not in time: repeat the request with the same Idempotency-Key'
        throw new ArcError('outcome_unknown', text)
      }
    } catch (error) {
      if (!isConnectionLost(error)) throw error
      this.#options.log('warn', `the connection to the database was lost during a commit: ${reasonOf(error)}`)
      const epoch = this.#epoch
      await whatBecameOf(
        xid,
        () => this.#writer.get(),
        () => this.#epoch === epoch,
      )
    }
  }

  query(query: Query): Promise<Done> {
    return this.#read(queryRule(query, this.#newWork()))
  }

  page(query: PageQuery): Promise<Page> {
    return this.#read(pageOfMessages(query))
  }

  latestId(): Promise<number> {
    return this.#read(latestId())
  }

  async messagesAfter(afterId: number, limit: number) {
    const messages = await this.#read(messagesAfter(afterId, limit))
    this.#seenId = Math.max(this.#seenId, messages?.at(-1)?.id ?? 0)
    return messages
  }

  boundSessions() {
    return this.#read(lookAtBound(this.#newWork()))
  }

  hasExpired(): Promise<boolean> {
    return this.#read(hasExpired(this.#newWork()))
  }

  /** Its time is this machine's, for a timer; the stored one is the database's. */
  async pendingShutdown() {
    const pending = await this.#read(pendingShutdown(this.#newWork()))
    if (!pending || this.#options.clock) return pending
    return { ...pending, firesAtMs: pending.firesAtMs - this.#clock.now() + Date.now() }
  }

  allowRemote(): Promise<boolean> {
    return this.#read(allowRemote(this.#newWork()))
  }

  health() {
    const { version = 'unknown', synchronousCommit = 'unknown' } = this.#server ?? {}
    return {
      durability: { journal_mode: `PostgreSQL ${version}`, synchronous: synchronousCommit },
      commits: this.#commits,
      storage_problem: this.#problem,
    }
  }

  watchForeignCommits(onCommit: () => void): () => void {
    const { hubId, log } = this.#options
    const countCommits = async () => {
      const [result] = await (await this.#reader.get()).script(COUNT)
      const { commits = 0, now_ms } = result?.rows[0] ?? {}
      this.#clock.set(now_ms)
      return commits
    }
    const commits = new ForeignCommits(0, { listener: this.#listener, countCommits, hubId, log, onCommit })
    this.#foreignCommits = commits
    return () => commits.close()
  }

  watchLoss(onLost: (problem: string) => void): () => void {
    this.#onLost = onLost
    return () => {
      this.#onLost = undefined
    }
  }

  /** Deletes in transactions of its own. It passes by rows that a hub has locked, and waits for none. */
  async prune(): Promise<void> {
    if (this.#problem !== null) return
    try {
      const engine = new PostgresEngine(() => this.#writer.get())
      while (await followLater(forgetOutcomes(this.#newWork()), engine));
      while (await followLater(forgetSessions(), engine));
      while (await followLater(forgetOffers(this.#newWork()), engine));
      await followLater(forgetWaits(this.#newWork()), engine)
    } catch (error) {
      if (asWriteError(error) === error) throw error // else the next call does it
    }
  }

  async close(): Promise<void> {
    this.#foreignCommits?.close()
    await Promise.all([this.#writer.close(), this.#reader.close(), this.#listener.close()])
  }

  #newWork(): Work {
    return newWork(this.#options, this.#options.clock?.() ?? this.#clock.now())
  }

  async #read<T>(rule: Rule<T>): Promise<T> {
    try {
      return await followLater(rule, this.#reading)
    } catch (error) {
      throw asReadError(error)
    }
  }
}
