// A batch of posts in one statement, and so in one trip. The hub runs the rules before it holds the lock of the room, on the
// counter as its own last commit has left it. The statement locks the counter and stores the batch only if no other hub has
// written since, and if the database's clock agrees with the time that the rules took. Otherwise it stores nothing.

import type { QueryResult } from 'pg'
import type { Submission } from '../commands.js'
import type { Batch } from './batch.js'
import type { DatabaseClock } from './clock.js'
import type { Connection } from './connection.js'
import { isConnectionLost } from './errors.js'
import { statement } from './statement-text.js'
import { flightText } from './statements.js'
import { ofFlight, type Question } from './unknown-commit.js'

/** Milliseconds without flights after another hub has written. */
const SHARED_MS = 1_000

/** The room's counter, as this hub has left it. */
export interface Expected {
  readonly epoch: number
  readonly lastId: number
  readonly lastMs: number
  readonly commits: number
}

/** Whether a submission may need no reading. The rules decide: they throw `NeedsTrip` if it does. */
export function canFly({ command }: Submission): boolean {
  if (command.op !== 'message.post') return false
  const { to_agent, reply_to, body } = command.input
  return to_agent === undefined && reply_to === undefined && !body?.includes('@')
}

export interface FlightsOptions {
  readonly hubId: string
  readonly clock: DatabaseClock
  /** Returns if a lost flight is stored. @throws if it is not, or nobody can tell */
  readonly whatBecameOf: (lost: Question, reason: unknown) => Promise<void>
}

export class Flights {
  readonly #options: FlightsOptions
  #expected: Expected | undefined
  #sharedUntilMs = 0
  #count = 0

  constructor(options: FlightsOptions) {
    this.#options = options
  }

  /** Undefined while other hubs write to the room. */
  get expected(): Expected | undefined {
    return performance.now() < this.#sharedUntilMs ? undefined : this.#expected
  }

  /** A transaction that holds the lock has read so many commits. */
  found(commits: number): void {
    if (this.#expected && commits !== this.#expected.commits) this.#share()
  }

  /** This hub has left the counter so. */
  left(expected: Expected): void {
    this.#expected = expected
  }

  /**
   * Sends a batch that has run on `expected`. False if it is not stored and has to go the other way.
   * @param toleranceMs by how much `nowMs` may differ from the database's time. Null: it is not the database's
   */
  async send(
    connection: Connection,
    batch: Batch,
    { epoch, lastId, commits }: Expected,
    nowMs: number,
    toleranceMs: number | null,
  ): Promise<boolean> {
    const { hubId, clock, whatBecameOf } = this.#options
    const flight = `${hubId} ${++this.#count}`
    const guard = { epoch, fromId: lastId, commits, flight, tolerance: toleranceMs }
    this.#expected = undefined
    const text = flightText(batch.keepsOutcomes)
    let answer: QueryResult | undefined
    try {
      answer = await connection.send(statement(text, { ...batch.lastValues(nowMs), ...guard }))
    } catch (error) {
      // What is wrong with it, such as a key that has an outcome already, shows when it goes the other way.
      if (!isConnectionLost(error)) return false
      await whatBecameOf(ofFlight(flight, commits), error)
    }
    if (answer) {
      connection.mustBeReplicated()
      if (answer.rows.length === 0) {
        this.#share()
        return false
      }
      clock.set(answer.rows[0].now_ms)
    }
    this.#expected = { epoch, commits: commits + 1, lastId: batch.lastId, lastMs: nowMs }
    return true
  }

  #share(): void {
    this.#sharedUntilMs = performance.now() + SHARED_MS
  }
}
