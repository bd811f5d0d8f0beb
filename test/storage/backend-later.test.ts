// The rules over an engine that answers each statement later, as a server elsewhere does: they must not take an answer
// for granted, and hold nothing of SQLite.

import type { Database } from 'better-sqlite3'
import type { Applied } from '../../src/storage/backend.js'
import type { PageQuery, Query, Submission } from '../../src/storage/commands.js'
import { type Outcome, refused } from '../../src/storage/outcome.js'
import { foundChannels } from '../../src/storage/rules/channels.js'
import { pendingShutdown } from '../../src/storage/rules/hub-state.js'
import { latestId } from '../../src/storage/rules/message-log.js'
import { messagesAfter, pageOfMessages } from '../../src/storage/rules/messages.js'
import { commandRule, keepOutcome, knownOutcome, queryRule } from '../../src/storage/rules/rules.js'
import { hasExpired, lookAtBound, touchSessions } from '../../src/storage/rules/sessions.js'
import { type Ask, type Engine, followLater, type Rule } from '../../src/storage/rules/sql.js'
import { newWork, type Work } from '../../src/storage/rules/work.js'
import { openDatabase } from '../../src/storage/sqlite/database.js'
import { SqliteEngine } from '../../src/storage/sqlite/engine.js'
import { backendSuite } from './backend.suite.js'

class LaterEngine implements Engine<'later'> {
  readonly #engine: SqliteEngine

  constructor(db: Database) {
    this.#engine = new SqliteEngine(db)
  }

  async answer(ask: Ask): Promise<unknown> {
    await new Promise((resolve) => setImmediate(resolve))
    return this.#engine.answer(ask)
  }
}

class LaterBackend {
  readonly #db: Database
  readonly #engine: LaterEngine
  readonly #clock: () => number

  constructor(db: Database, clock: () => number) {
    this.#db = db
    this.#engine = new LaterEngine(db)
    this.#clock = clock
  }

  follow<T>(rule: (work: Work) => Rule<T>, work = this.#newWork()): Promise<T> {
    return followLater(rule(work), this.#engine)
  }

  async apply(submissions: readonly Submission[], touched: Iterable<string>): Promise<Applied> {
    const work = this.#newWork()
    this.#db.exec('BEGIN IMMEDIATE')
    await this.follow((work) => touchSessions([...touched], work), work)
    const outcomes: Outcome[] = []
    for (const submission of submissions) outcomes.push(await this.#run(submission, work))
    this.#db.exec('COMMIT')
    return { outcomes, messages: work.stored }
  }

  async #run(submission: Submission, work: Work): Promise<Outcome> {
    const known = await this.follow((work) => knownOutcome(submission, work), work)
    if (known) return known
    this.#db.exec('SAVEPOINT command')
    const outcome = await this.follow((work) => commandRule(submission.command, work), work).catch(
      (error) => {
        this.#db.exec('ROLLBACK TO command')
        return refused(error)
      },
    )
    this.#db.exec('RELEASE command')
    await this.follow((work) => keepOutcome(submission, outcome, work), work)
    return outcome
  }

  query = (query: Query) => this.follow((work) => queryRule(query, work))
  page = (query: PageQuery) => this.follow(() => pageOfMessages(query))
  messagesAfter = (id: number, limit: number) => this.follow(() => messagesAfter(id, limit))
  latestId = () => this.follow(() => latestId())
  hasExpired = () => this.follow(hasExpired)
  boundSessions = () => this.follow(lookAtBound)
  pendingShutdown = () => this.follow(pendingShutdown)

  #newWork(): Work {
    return newWork({ hubId: 'test', presenceTtlSec: 120, allowRemote: false }, this.#clock())
  }
}

backendSuite(async (t, clock) => {
  const db = openDatabase(':memory:')
  t.teardown(() => db.close())
  const backend = new LaterBackend(db, clock)
  await backend.follow(foundChannels)
  return backend
})
