// Stored answers (PROTOCOL §9). Key, request hash and answer are written in the transaction of the effect,
// so that a request and its answer exist both or not at all, whatever dies and when. Rows are appended in
// the order of time, so that a batch writes few pages and pruning starts at the first row.

import { type Answer, failure } from '../../protocol/envelope.js'
import { ArcError } from '../../protocol/errors.js'
import { IDEMPOTENCY_RETENTION_HOURS } from '../../protocol/limits.js'
import { answerOf, type IdempotencyKey, type Outcome } from '../commands.js'
import type { SqliteContext } from './context.js'

interface StoredAnswer {
  request_hash: string
  status: number
  body: string
}

const RETENTION_MS = IDEMPOTENCY_RETENTION_HOURS * 3_600_000
/** Keys dropped in one go: a large backlog must not hold up commits. */
const PRUNE_LIMIT = 5_000

export class Idempotency {
  readonly #find
  readonly #store
  readonly #prune

  constructor({ db }: SqliteContext) {
    this.#find = db.prepare<[string, string, number], StoredAnswer>(
      'SELECT request_hash, status, body FROM arc_idempotency WHERE scope = ? AND key = ? AND created_at_ms >= ?',
    )
    this.#store = db.prepare('INSERT OR REPLACE INTO arc_idempotency VALUES (?, ?, ?, ?, ?, ?)')
    this.#prune = db.prepare(
      `DELETE FROM arc_idempotency WHERE rowid IN
         (SELECT rowid FROM (SELECT rowid, created_at_ms FROM arc_idempotency ORDER BY rowid LIMIT ${PRUNE_LIMIT})
          WHERE created_at_ms < ?)`,
    )
  }

  /** The answer to give instead of executing the request, if its key was used before. */
  answerFor({ scope, key, requestHash }: IdempotencyKey): Answer | undefined {
    const stored = this.#find.get(scope, key, Date.now() - RETENTION_MS)
    if (!stored) return undefined
    if (stored.request_hash === requestHash)
      return { status: stored.status, body: stored.body, replayed: true }
    const text = 'this Idempotency-Key was used for another request; use a new key for a new request'
    return failure(new ArcError('idempotency_key_reused', text))
  }

  /** Stores what a request has led to, unless it may go better the next time. */
  remember({ scope, key, requestHash }: IdempotencyKey, outcome: Outcome): void {
    const { status, body } = answerOf(outcome)
    if (status < 500) this.#store.run(scope, key, requestHash, status, body, Date.now())
  }

  prune(): void {
    while (this.#prune.run(Date.now() - RETENTION_MS).changes === PRUNE_LIMIT);
  }
}
