// The PostgreSQL backend: three connections to a database that other hubs may use as well.
//
// The writer commits batches (writer.ts). The reader answers queries on committed state. The listener hears the other hubs'
// bells (foreign-commits.ts).

import { storageName } from '../../storage-file.js'
import { type Applied, isTransient, type StorageBackend } from '../backend.js'
import type { Page, PageQuery, Query, Submission } from '../commands.js'
import type { Done } from '../outcome.js'
import { foundChannels } from '../rules/channels.js'
import { allowRemote, forgetHubs, pendingShutdown } from '../rules/hub-state.js'
import { forgetOutcomes } from '../rules/idempotency.js'
import { forgetOffers } from '../rules/mailboxes.js'
import { latestId } from '../rules/message-log.js'
import { messagesAfter, pageOfMessages } from '../rules/messages.js'
import { queryRule } from '../rules/rules.js'
import { forgetSessions, hasExpired, lookAtBound } from '../rules/sessions.js'
import { followLater, type Rule } from '../rules/sql.js'
import { forgetWaits } from '../rules/waits.js'
import { newWork, type Work } from '../rules/work.js'
import { DatabaseClock } from './clock.js'
import { type Connection, Reconnecting } from './connection.js'
import { mustBePrimary, unusable } from './database.js'
import { type Driver, loadDriver } from './driver.js'
import { PostgresEngine } from './engine.js'
import { asReadError, asWriteError } from './errors.js'
import { ForeignCommits } from './foreign-commits.js'
import { NOW_MS } from './statement-text.js'
import { type PostgresOptions, Writer } from './writer.js'

const COUNT = `SELECT commits, ${NOW_MS} AS now_ms FROM arc.log`
/** The longest that a read may take, in milliseconds. */
const READ_MS = 10_000
/** Milliseconds without an answer after which the reader's connection is given up. */
const ANSWER_MS = 12_000

export class PostgresBackend implements StorageBackend {
  facts: StorageBackend['facts']
  readonly #options: PostgresOptions
  readonly #writer: Writer
  readonly #reader: Reconnecting
  readonly #listener: Reconnecting
  readonly #reading: PostgresEngine
  readonly #clock = new DatabaseClock()
  #foreignCommits: ForeignCommits | undefined

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
    this.#writer = new Writer({
      settings: options,
      connection: shared,
      clock: this.#clock,
      foreignCommits: () => this.#foreignCommits,
    })
    const prepareReader = async (connection: Connection) => {
      await connection.script(`SET statement_timeout = ${READ_MS}`)
      await mustBePrimary(connection)
    }
    this.#reader = new Reconnecting({
      ...shared,
      role: 'reader',
      answerMs: ANSWER_MS,
      prepare: prepareReader,
    })
    this.#listener = new Reconnecting({ ...shared, role: 'listener', prepare: mustBePrimary })
    this.#reading = new PostgresEngine(() => this.#reader.get())
    this.facts = { instanceId: '', storagePath: storageName(options.storagePath), journalMode: 'wal' }
  }

  async #open(): Promise<void> {
    await this.#writer.run(async (batch, work) => {
      await followLater(forgetHubs(work), batch)
      await followLater(foundChannels(work), batch)
    })
    this.facts = { ...this.facts, instanceId: this.#writer.instanceId }
    this.#writer.saw(await this.latestId())
  }

  apply(submissions: readonly Submission[], touched: Iterable<string>): Promise<Applied> {
    return this.#writer.apply(submissions, [...touched])
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
    this.#writer.saw(messages?.at(-1)?.id ?? 0)
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
    const { server, commits, problem } = this.#writer
    const { version = 'unknown', synchronousCommit = 'unknown' } = server ?? {}
    return {
      durability: { journal_mode: `PostgreSQL ${version}`, synchronous: synchronousCommit },
      commits,
      storage_problem: problem,
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
    return this.#writer.watchLoss(onLost)
  }

  /** Deletes in transactions of its own. It passes by rows that a hub has locked, and waits for none. */
  async prune(): Promise<void> {
    if (this.#writer.problem !== null) return
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
      const failure = asReadError(error)
      if (isTransient(failure)) this.#foreignCommits?.owe()
      throw failure
    }
  }
}
