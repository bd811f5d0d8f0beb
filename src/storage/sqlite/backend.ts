// The SQLite backend: one connection, and one write transaction a batch, in which a refusal undoes only its own command.
//
// A savepoint for each command would do that. But SQLite copies each page that a command changes after a savepoint, which
// is a tenth of a post's cost. So commands run without savepoints. If one is refused, the batch is rolled back and run
// again with savepoints, and the next batches have them from the start.

import { createHash } from 'node:crypto'
import type { Database } from 'better-sqlite3'
import type { Log } from '../../actors/runtime/actor.js'
import { ArcError } from '../../protocol/errors.js'
import type { Applied, StorageBackend } from '../backend.js'
import type { Page, PageQuery, Query, Submission } from '../commands.js'
import { type Done, type Outcome, refused } from '../outcome.js'
import { foundChannels } from '../rules/channels.js'
import { allowRemote, forgetHubs, pendingShutdown } from '../rules/hub-state.js'
import { forgetOutcomes } from '../rules/idempotency.js'
import { forgetOffers } from '../rules/mailboxes.js'
import { latestId } from '../rules/message-log.js'
import { messagesAfter, pageOfMessages } from '../rules/messages.js'
import { commandRule, keepOutcome, knownOutcome, queryRule } from '../rules/rules.js'
import { forgetSessions, hasExpired, lookAtBound, touchSessions } from '../rules/sessions.js'
import { follow, type Rule } from '../rules/sql.js'
import { forgetWaits } from '../rules/waits.js'
import { type HubSettings, newWork, type Work } from '../rules/work.js'
import { asWriteError, openDatabase, retryWhileBusy, unusable } from './database.js'
import { SqliteEngine } from './engine.js'
import { ForeignCommits } from './foreign-commits.js'
import { LostFile } from './lost-file.js'

/** How many batches have savepoints from the start after one needed them. */
const WITH_SAVEPOINTS = 100

const SYNCHRONOUS = ['off', 'normal', 'full', 'extra'] as const

type Run = (command: Submission['command'], work: Work) => Outcome

/** A command was refused in a batch without savepoints. */
class Spoilt extends Error {}

export interface SqliteOptions extends HubSettings {
  /** `:memory:` for a database without a file. */
  readonly storagePath: string
  readonly log: Log
  /** The clock of the rules, in epoch milliseconds. Default: the system's. */
  readonly clock?: (() => number) | undefined
}

export class SqliteBackend implements StorageBackend {
  readonly facts: StorageBackend['facts']
  readonly #db: Database
  readonly #engine: SqliteEngine
  readonly #options: SqliteOptions
  readonly #lostFile: LostFile
  #commits = 0
  #foreignCommits: ForeignCommits | undefined
  /** How many more batches get savepoints from the start. */
  #savepointsFor = 0
  readonly #transaction
  readonly #savepoint
  readonly #release
  readonly #rollbackTo

  /** Opens, creates or migrates the storage. @throws ArcError `storage_unusable`, saying what to do */
  static open(options: SqliteOptions): SqliteBackend {
    const db = openDatabase(options.storagePath)
    try {
      return new SqliteBackend(db, options)
    } catch (error) {
      db.close()
      throw unusable(db.name, error)
    }
  }

  private constructor(db: Database, options: SqliteOptions) {
    this.#db = db
    this.#options = options
    this.#engine = new SqliteEngine(db)
    this.#lostFile = new LostFile(db)
    this.#transaction = db.transaction(
      (submissions: readonly Submission[], touched: readonly string[], run: Run): Applied => {
        const work = this.#newWork()
        this.#follow(touchSessions(touched, work))
        const outcomes = submissions.map((submission) => this.#runOnce(submission, work, run))
        return { outcomes, messages: work.stored }
      },
    )
    this.#savepoint = db.prepare('SAVEPOINT command')
    this.#release = db.prepare('RELEASE command')
    this.#rollbackTo = db.prepare('ROLLBACK TO command')
    const foundedAt = retryWhileBusy(() =>
      db.transaction(() => {
        this.#follow(forgetHubs(this.#newWork()))
        return this.#follow(foundChannels(this.#newWork()))
      })(),
    )
    const digest = createHash('sha256').update(`${db.name}|${foundedAt}`).digest('hex')
    this.facts = {
      instanceId: `mh1-${digest.slice(0, 20)}`,
      storagePath: db.name,
      journalMode: db.pragma('journal_mode', { simple: true }) as string,
    }
  }

  apply(submissions: readonly Submission[], touched: Iterable<string>): Applied {
    this.#lostFile.check()
    try {
      const applied = this.#applyAtOnce(submissions, [...touched])
      this.#commits++
      this.#foreignCommits?.committed()
      return applied
    } catch (error) {
      throw asWriteError(error)
    }
  }

  #applyAtOnce(submissions: readonly Submission[], touched: readonly string[]): Applied {
    if (this.#savepointsFor === 0) {
      try {
        return this.#transaction.immediate(submissions, touched, this.#runAmongOthers)
      } catch (error) {
        if (!(error instanceof Spoilt)) throw error
        this.#savepointsFor = WITH_SAVEPOINTS
      }
    }
    this.#savepointsFor--
    return this.#transaction.immediate(submissions, touched, this.#runAlone)
  }

  query(query: Query): Done {
    return this.#read(queryRule(query, this.#newWork()))
  }

  page(query: PageQuery): Page {
    return this.#read(pageOfMessages(query))
  }

  latestId(): number {
    return this.#read(latestId())
  }

  messagesAfter(afterId: number, limit: number) {
    return this.#read(messagesAfter(afterId, limit))
  }

  boundSessions() {
    return this.#read(lookAtBound(this.#newWork()))
  }

  hasExpired(): boolean {
    return this.#read(hasExpired(this.#newWork()))
  }

  pendingShutdown() {
    return this.#read(pendingShutdown(this.#newWork()))
  }

  allowRemote(): boolean {
    return this.#read(allowRemote(this.#newWork()))
  }

  health() {
    const synchronous = SYNCHRONOUS[this.#db.pragma('synchronous', { simple: true }) as number] ?? 'unknown'
    return {
      durability: { journal_mode: this.#db.pragma('journal_mode', { simple: true }) as string, synchronous },
      commits: this.#commits,
      storage_problem: this.#lostFile.problem,
    }
  }

  watchForeignCommits(onCommit: () => void): () => void {
    const commits = new ForeignCommits(this.#db, onCommit)
    this.#foreignCommits = commits
    return () => commits.close()
  }

  watchLoss(onLost: (problem: string) => void): () => void {
    return this.#lostFile.watch(onLost)
  }

  prune(): void {
    if (this.#lostFile.problem !== null) return
    try {
      while (this.#follow(forgetOutcomes(this.#newWork())));
      while (this.#follow(forgetSessions()));
      while (this.#follow(forgetOffers(this.#newWork())));
      this.#follow(forgetWaits(this.#newWork()))
    } catch (error) {
      if (asWriteError(error) === error) throw error // else the next call does it
    }
  }

  /** Writes the log back into the database file, unless another process uses it, and closes the database. */
  close(): void {
    try {
      retryWhileBusy(() => this.#db.pragma('wal_checkpoint(TRUNCATE)'))
    } catch (error) {
      if (asWriteError(error) === error) throw error // else the next close does it: the log is as durable as the file
    } finally {
      this.#db.close()
    }
  }

  #newWork(): Work {
    return newWork(this.#options, (this.#options.clock ?? Date.now)())
  }

  #follow<T>(rule: Rule<T>): T {
    return follow(rule, this.#engine)
  }

  /** A read never waits for a writer. It may wait for another process that opens or closes the file. */
  #read<T>(rule: Rule<T>): T {
    return retryWhileBusy(() => this.#follow(rule))
  }

  /** Executes a submission unless its outcome is known. A refusal is an outcome, too. */
  #runOnce(submission: Submission, work: Work, run: Run): Outcome {
    if (!submission.idempotency) return run(submission.command, work)
    const known = this.#follow(knownOutcome(submission, work))
    if (known) return known
    const outcome = run(submission.command, work)
    this.#follow(keepOutcome(submission, outcome, work))
    return outcome
  }

  readonly #runAmongOthers: Run = (command, work) => {
    try {
      return this.#follow(commandRule(command, work))
    } catch (error) {
      throw new Spoilt(command.op, { cause: error })
    }
  }

  readonly #runAlone: Run = (command, work) => {
    const { stored } = work
    const before = stored.length
    this.#savepoint.run()
    try {
      return this.#follow(commandRule(command, work))
    } catch (error) {
      // SQLite has ended the transaction by itself (a full disk, say): the whole batch has failed.
      if (!this.#db.inTransaction) throw error
      this.#rollbackTo.run()
      stored.length = before
      if (error instanceof ArcError) return refused(error)
      this.#refuseOrRethrow(command.op, error)
      return refused(
        new ArcError(
          'internal',
          'internal error: the hub has logged it; try again, and report it if it stays',
        ),
      )
    } finally {
      if (this.#db.inTransaction) this.#release.run()
    }
  }

  /** A storage that can't be written fails the batch. Any other error is a defect of this command alone. */
  #refuseOrRethrow(op: string, error: unknown): void {
    if (asWriteError(error) !== error) throw error
    this.#options.log('error', `${op} failed: ${error instanceof Error ? error.stack : error}`)
  }
}
