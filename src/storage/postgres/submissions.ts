// Runs the commands of a batch one after another. A refusal undoes only its own command.

import type { Log } from '../../actors/runtime/actor.js'
import { ArcError } from '../../protocol/errors.js'
import type { Submission } from '../commands.js'
import { type Outcome, refused } from '../outcome.js'
import { commandRule, keepOutcome, knownOutcome } from '../rules/rules.js'
import { followLater } from '../rules/sql.js'
import type { Work } from '../rules/work.js'
import { type Batch, NeedsTrip } from './batch.js'
import type { Connection } from './connection.js'
import { asWriteError, isConnectionLost } from './errors.js'

export type Run = (submission: Submission, batch: Batch, work: Work) => Promise<Outcome>

/** A command was refused after some of its writes had been sent, or one of its statements has failed. */
export class Spoilt extends Error {}

/** Executes a submission unless its outcome is known. A refusal is an outcome, too. */
export async function runOnce(submission: Submission, batch: Batch, work: Work, run: Run): Promise<Outcome> {
  if (!submission.idempotency) return run(submission, batch, work)
  const known = await followLater(knownOutcome(submission, work), batch)
  if (known) return known
  const outcome = await run(submission, batch, work)
  await followLater(keepOutcome(submission, outcome, work), batch)
  return outcome
}

/** Runs a command without a savepoint. @throws Spoilt if it can't be undone alone */
export const runAmongOthers: Run = async ({ command }, batch, work) => {
  const stored = work.stored.length
  batch.begin()
  try {
    return await followLater(commandRule(command, work), batch)
  } catch (error) {
    if (isConnectionLost(error) || error instanceof NeedsTrip) throw error
    if (!(error instanceof ArcError) || !batch.undo()) throw new Spoilt(command.op, { cause: error })
    work.stored.length = stored
    return refused(error)
  }
}

/** Runs a command after a savepoint. */
export function runAlone(connection: Connection, log: Log): Run {
  return async ({ command }, batch, work) => {
    const stored = work.stored.length
    await batch.settled()
    batch.begin()
    await connection.script('SAVEPOINT command')
    try {
      const outcome = await followLater(commandRule(command, work), batch)
      await batch.settled()
      await connection.script('RELEASE command')
      return outcome
    } catch (error) {
      if (connection.isLost) throw error
      await batch.rollBackTo('command')
      work.stored.length = stored
      if (error instanceof ArcError) return refused(error)
      if (asWriteError(error) !== error) throw error
      log('error', `${command.op} failed: ${error instanceof Error ? error.stack : error}`)
      const text = 'internal error: the hub has logged it; try again, and report it if it stays'
      return refused(new ArcError('internal', text))
    }
  }
}
