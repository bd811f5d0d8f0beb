// A connection was lost while a COMMIT was on its way. The database knows what became of the transaction.

import { setTimeout as pause } from 'node:timers/promises'
import { ArcError } from '../../protocol/errors.js'
import { StorageBusy } from '../backend.js'
import type { Connection } from './connection.js'
import { statement } from './statement-text.js'

/** Milliseconds for which the database is asked, and between two questions. */
const ASK_MS = 8_000
const AGAIN_MS = 50

/**
 * Returns if the transaction was committed.
 * @throws StorageBusy if it was not, ArcError `outcome_unknown` if nobody can tell
 */
export async function whatBecameOf(
  xid: string,
  connect: () => Promise<Connection>,
  /** Whether the server that answers is the one that got the COMMIT, so that its numbers mean the same. */
  isSameServer: () => boolean,
): Promise<void> {
  const giveUpAt = Date.now() + ASK_MS
  for (;;) {
    const status = await statusOf(xid, connect, isSameServer).catch((cause: unknown) => ({ cause }))
    if (status === 'committed') return
    if (status === 'aborted') throw new StorageBusy('the connection was lost before the commit')
    if (status === 'another server' || Date.now() > giveUpAt) {
      const text =
        'the connection to the database was lost during the commit, and it is not known whether it happened; repeat the request with the same Idempotency-Key'
      const cause = typeof status === 'object' ? status?.cause : status
      throw new ArcError('outcome_unknown', text, { cause })
    }
    await pause(AGAIN_MS)
  }
}

async function statusOf(
  xid: string,
  connect: () => Promise<Connection>,
  isSameServer: () => boolean,
): Promise<string | null> {
  const connection = await connect()
  if (!isSameServer()) return 'another server'
  const { rows } = await connection.send(statement('SELECT pg_xact_status(@xid::xid8) AS status', { xid }))
  return rows[0]?.status ?? null
}
