// A connection was lost while a COMMIT was on its way. The database knows what became of the transaction.

import { setTimeout as pause } from 'node:timers/promises'
import { ArcError } from '../../protocol/errors.js'
import { StorageBusy } from '../backend.js'
import type { Connection } from './connection.js'
import { statement } from './statement-text.js'

/** Milliseconds for which the database is asked, and between two questions. */
const ASK_MS = 8_000
const AGAIN_MS = 50

/** `aborted`: it is not stored, and never will be. Null: nobody can tell any more. */
type Status = 'committed' | 'aborted' | 'in progress' | null
/** Asks the database what became of a transaction. */
export type Question = (connection: Connection) => Promise<Status>

/** What became of a transaction whose id is known. */
export const ofTransaction =
  (xid: string): Question =>
  async (connection) => {
    const asked = statement('SELECT pg_xact_status(@xid::xid8) AS status', { xid })
    return (await connection.send(asked)).rows[0]?.status ?? null
  }

/**
 * What became of a flight that expected `commits` transactions before it (flight.ts). If it has not arrived, this takes its
 * turn, so that it stores nothing if it arrives later.
 */
export const ofFlight =
  (flight: string, commits: number): Question =>
  async (connection) => {
    const taken = statement('UPDATE arc.log SET commits = commits + 1 WHERE commits = @commits', { commits })
    if ((await connection.send(taken)).rowCount === 1) return 'aborted'
    const { rows } = await connection.send(statement('SELECT commits, flight FROM arc.log', {}))
    if (rows[0]?.flight === flight) return 'committed'
    return rows[0]?.commits === commits + 1 ? 'aborted' : null
  }

/**
 * Returns if the transaction was committed.
 * @throws StorageBusy if it was not, ArcError `outcome_unknown` if nobody can tell
 */
export async function whatBecameOf(
  question: Question,
  connect: () => Promise<Connection>,
  /** Whether the server that answers is the one that got the transaction, so that its numbers mean the same. */
  isSameServer: () => boolean,
): Promise<void> {
  const giveUpAt = Date.now() + ASK_MS
  for (;;) {
    const status = await ask(question, connect, isSameServer).catch((cause: unknown) => ({ cause }))
    if (status === 'committed') return
    if (status === 'aborted') throw new StorageBusy('the connection was lost before the commit')
    if (status === 'another server' || status === null || Date.now() > giveUpAt) {
      const text =
        'the connection to the database was lost during the commit, and it is not known whether it happened; repeat the request with the same Idempotency-Key'
      const cause = typeof status === 'object' ? status?.cause : status
      throw new ArcError('outcome_unknown', text, { cause })
    }
    await pause(AGAIN_MS)
  }
}

async function ask(
  question: Question,
  connect: () => Promise<Connection>,
  isSameServer: () => boolean,
): Promise<Status | 'another server'> {
  const connection = await connect()
  return isSameServer() ? question(connection) : 'another server'
}
