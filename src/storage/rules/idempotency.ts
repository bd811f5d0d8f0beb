// Stored outcomes (PROTOCOL §9). The transaction of the effect also writes key, request hash and outcome. So both or
// neither exist, whatever dies and when. Rows are appended in the order of time: a batch writes few pages, and deletion
// starts at the first row.

import { ArcError } from '../../protocol/errors.js'
import { jsonText, parseExact } from '../../protocol/json.js'
import { IDEMPOTENCY_RETENTION_HOURS } from '../../protocol/limits.js'
import type { IdempotencyKey } from '../commands.js'
import { type Beside, isRefused, type Outcome, refused } from '../outcome.js'
import { one, type Rule, run } from './sql.js'
import type { StoredOutcome } from './statements.js'
import type { Work } from './work.js'

const RETENTION_MS = IDEMPOTENCY_RETENTION_HOURS * 3_600_000
/** Rows deleted at once: a large backlog must not hold up commits. */
const FORGET_LIMIT = 5_000

/** The stored outcome of a key that was used before. The request is then not executed. */
export function* outcomeFor(
  { scope, key, requestHash }: IdempotencyKey,
  work: Work,
): Rule<Outcome | undefined> {
  const stored = yield* one('outcome.find', { scope, key, since: work.nowMs - RETENTION_MS })
  if (!stored) return undefined
  if (stored.request_hash === requestHash) return replayed(stored)
  const text = 'this Idempotency-Key was used for another request; use a new key for a new request'
  return refused(new ArcError('idempotency_key_reused', text))
}

/** Stores a request's outcome. */
export function* remember(idempotency: IdempotencyKey, outcome: Outcome, { nowMs }: Work): Rule<void> {
  const { scope, key, requestHash } = idempotency
  yield* run('outcome.store', { scope, key, nowMs, ...rowOf(requestHash, outcome) })
}

/** Deletes the oldest outcomes past their retention. True if there may be more. */
export function* forgetOutcomes({ nowMs }: Work): Rule<boolean> {
  const { changes } = yield* run('outcome.forget', { before: nowMs - RETENTION_MS, limit: FORGET_LIMIT })
  return changes === FORGET_LIMIT
}

function rowOf(request_hash: string, outcome: Outcome): StoredOutcome {
  if (typeof outcome === 'string') return { request_hash, code: null, text: outcome, is_new: 1, beside: null }
  if (isRefused(outcome)) {
    const { code, error, beside } = outcome
    return { request_hash, code, text: error, is_new: 0, beside: beside ? jsonText(beside) : null }
  }
  const { result, isNew, beside } = outcome
  const said = beside ? jsonText(beside) : null
  return { request_hash, code: null, text: result, is_new: isNew ? 1 : 0, beside: said }
}

function replayed({ code, text, is_new, beside }: StoredOutcome): Outcome {
  const said = beside === null ? undefined : (parseExact(beside) as Beside)
  if (code !== null) return { code, error: text, beside: { ...said }, isReplayed: true }
  return { result: text, isNew: is_new === 1, beside: said, isReplayed: true }
}
