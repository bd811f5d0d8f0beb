// The SQLite backend: one connection, prepared statements, one write transaction a batch, in which one refusal spoils
// nothing.
//
// A savepoint for each command would see to that, but SQLite copies each page that a command changes after one, a tenth of
// what a post costs the storage. So commands run without, and a batch in which one is refused is rolled back
// and run again with them. Where refusals come again and again, they are taken from the start.

import { createHash } from 'node:crypto'
import type { Database } from 'better-sqlite3'
import type { Log } from '../../actors/runtime/actor.js'
import { type Answer, failure, failureOf } from '../../protocol/envelope.js'
import { ArcError, requestExpired } from '../../protocol/errors.js'
import type { Applied, StorageBackend } from '../backend.js'
import type {
  CommandHandlers,
  Outcome,
  Page,
  PageQuery,
  Query,
  QueryHandlers,
  Submission,
} from '../commands.js'
import { Channels } from './channels.js'
import type { SqliteContext } from './context.js'
import { asWriteError, openDatabase, unusable } from './database.js'
import { ForeignCommits } from './foreign-commits.js'
import { HubStates } from './hub-state.js'
import { Idempotency } from './idempotency.js'
import { Leases } from './leases.js'
import { MessageLog } from './message-log.js'
import { Messages } from './messages.js'
import { Recovery } from './recovery.js'
import { Sessions } from './sessions.js'
import { statusQuery } from './status.js'
import { Tasks } from './tasks.js'
import { Threads } from './threads.js'

/** Batches that get savepoints after one has needed them. */
const WITH_SAVEPOINTS = 100

type Run = (command: Submission['command']) => Outcome

/** A command was refused where there is no savepoint to go back to. */
class Spoilt extends Error {}

export interface SqliteOptions {
  readonly storagePath: string
  readonly hubId: string
  readonly presenceTtlSec: number
  readonly allowRemote: boolean
  readonly log: Log
}

export class SqliteBackend implements StorageBackend {
  readonly facts: StorageBackend['facts']
  readonly #db: Database
  readonly #log: Log
  readonly #context: SqliteContext
  readonly #messageLog: MessageLog
  readonly #messages: Messages
  readonly #sessions: Sessions
  readonly #idempotency: Idempotency
  readonly #hubStates: HubStates
  readonly #commands: CommandHandlers
  readonly #queries: QueryHandlers
  #commits = 0
  #foreignCommits: ForeignCommits | undefined
  /** Batches that still get savepoints. */
  #savepointsFor = 0
  readonly #transaction
  readonly #savepoint
  readonly #release
  readonly #rollbackTo

  /** Opens, creates or migrates the storage. @throws ArcError `storage_unusable`, saying what to do */
  static open({ storagePath, ...options }: SqliteOptions): SqliteBackend {
    const db = openDatabase(storagePath)
    try {
      return new SqliteBackend(db, options)
    } catch (error) {
      db.close()
      throw unusable(db.name, error)
    }
  }

  private constructor(db: Database, { log, ...options }: Omit<SqliteOptions, 'storagePath'>) {
    const context: SqliteContext = { db, stored: [], ...options }
    this.#db = db
    this.#log = log
    this.#context = context
    const channels = new Channels(context)
    const leases = new Leases(context)
    this.#messageLog = new MessageLog(context)
    const tasks = new Tasks(context, this.#messageLog)
    this.#messages = new Messages(context, this.#messageLog, channels, tasks)
    const threads = new Threads(context, this.#messages, tasks, leases)
    const recovery = new Recovery(context, leases, threads, this.#messageLog)
    this.#sessions = new Sessions(context, this.#messages, recovery)
    this.#idempotency = new Idempotency(context)
    this.#hubStates = new HubStates(context, this.#messageLog)
    this.#commands = {
      ...this.#sessions.commands,
      ...channels.commands,
      ...this.#messages.commands,
      ...leases.commands,
      ...tasks.commands,
      ...this.#hubStates.commands,
    }
    this.#queries = {
      ...channels.queries,
      ...this.#messages.queries,
      ...threads.queries,
      ...leases.queries,
      ...tasks.queries,
      ...this.#hubStates.queries,
      'status.get': statusQuery(db, () => this.#commits),
    }
    this.#transaction = db.transaction(
      (submissions: readonly Submission[], touched: readonly string[], run: Run): Applied => {
        context.stored.length = 0
        channels.begin()
        this.#sessions.touch(touched)
        const outcomes = submissions.map((submission) => this.#runOnce(submission, run))
        return { outcomes, messages: [...context.stored] }
      },
    )
    this.#savepoint = db.prepare('SAVEPOINT command')
    this.#release = db.prepare('RELEASE command')
    this.#rollbackTo = db.prepare('ROLLBACK TO command')
    const digest = createHash('sha256').update(`${db.name}|${channels.foundedAt}`).digest('hex')
    this.facts = {
      instanceId: `mh1-${digest.slice(0, 20)}`,
      storagePath: db.name,
      journalMode: db.pragma('journal_mode', { simple: true }) as string,
    }
  }

  apply(submissions: readonly Submission[], touched: Iterable<string>): Applied {
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

  query(query: Query): Answer {
    return dispatch(this.#queries, query)
  }

  page(query: PageQuery): Page {
    return this.#messages.page(query)
  }

  latestId(): number {
    return this.#messageLog.latestId()
  }

  messagesAfter(afterId: number, limit: number) {
    return this.#messageLog.after(afterId, limit)
  }

  watchForeignCommits(onCommit: () => void): () => void {
    const commits = new ForeignCommits(this.#db, onCommit)
    this.#foreignCommits = commits
    return () => commits.close()
  }

  pendingShutdown() {
    return this.#hubStates.pendingShutdown()
  }

  allowRemote(): boolean {
    return this.#hubStates.allowRemote()
  }

  prune(): void {
    this.#idempotency.prune()
  }

  /** Writes the log back into the database file and closes it. */
  close(): void {
    this.#db.pragma('wal_checkpoint(TRUNCATE)')
    this.#db.close()
  }

  /** Executes a submission unless its key has an answer already; a refusal is an answer like any other. */
  #runOnce({ command, idempotency }: Submission, run: Run): Outcome {
    const known = idempotency && this.#idempotency.answerFor(idempotency)
    if (known) return known
    if (idempotency?.replayOnly) return failure(requestExpired())
    const outcome = run(command)
    if (idempotency) this.#idempotency.remember(idempotency, outcome)
    return outcome
  }

  readonly #runAmongOthers: Run = (command) => {
    try {
      return dispatch(this.#commands, command)
    } catch (error) {
      throw new Spoilt(command.op, { cause: error })
    }
  }

  readonly #runAlone: Run = (command) => {
    const { stored } = this.#context
    const before = stored.length
    this.#savepoint.run()
    try {
      return dispatch(this.#commands, command)
    } catch (error) {
      // SQLite has ended the transaction by itself (disk full, for one): the batch as a whole has failed.
      if (!this.#db.inTransaction) throw error
      this.#rollbackTo.run()
      stored.length = before
      if (!(error instanceof ArcError)) this.#refuseOrRethrow(command.op, error)
      return failureOf(error)
    } finally {
      if (this.#db.inTransaction) this.#release.run()
    }
  }

  /** A storage that can't be written fails the batch; any other surprise is a defect of this one command. */
  #refuseOrRethrow(op: string, error: unknown): void {
    if (asWriteError(error) !== error) throw error
    this.#log('error', `${op} failed: ${error instanceof Error ? error.stack : error}`)
  }
}

function dispatch<Result>(
  handlers: { readonly [op: string]: (input: never) => Result },
  { op, input }: { readonly op: string; readonly input: unknown },
): Result {
  const handler = handlers[op] as ((input: unknown) => Result) | undefined
  if (!handler) throw new Error(`no handler for ${op}`)
  return handler(input)
}
