// Threads (PROTOCOL §5): every thread that a message, a task or a claim names, with its summary. A thread that only a
// lock's metadata names is not listed, but can be read.

import { invalid, notFound } from '../../protocol/errors.js'
import { jsonText } from '../../protocol/json.js'
import type { Lock, ThreadSummary } from '../../protocol/objects.js'
import { type Done, done } from '../outcome.js'
import { allLocks, claimsOf, threadOfLock } from './lease-rows.js'
import { messagesOfThread } from './messages.js'
import { all, one, type Rule } from './sql.js'
import type { SummaryRow, ThreadPosition } from './statements.js'
import type { QueryRules } from './tables.js'
import { toTask } from './task-rows.js'
import { nowOf, type Work } from './work.js'

/** The channel of a thread; null for a thread without messages and tasks. */
export function* channelOf(threadId: string, work: Work): Rule<string | null> {
  return (yield* one('thread.find', { threadId, now: nowOf(work) }))?.channel ?? null
}

export const threadQueries = {
  *'threads.list'({ limit, cursor }, work) {
    const now = nowOf(work)
    const after = cursor === undefined ? undefined : positionOf(cursor)
    const wanted = { after, limit: limit === undefined ? undefined : limit + 1, now }
    const rows = yield* all('thread.page', wanted)
    const locks = locksByThread(yield* allLocks(now))
    const threads = rows.slice(0, limit).map((row) => summaryOf(row, locks.get(row.thread_id) ?? 0))
    if (limit === undefined) return done(threads)
    const last = rows.length > limit ? threads.at(-1) : undefined
    return done(threads, { next: last ? cursorOf(last) : null })
  },
  *'threads.get'({ thread_id: threadId }, work) {
    const now = nowOf(work)
    const locks = (yield* allLocks()).filter((lock) => threadOfLock(lock) === threadId)
    const row = yield* one('thread.find', { threadId, now })
    if (!row && locks.length === 0) throw notFound(`thread "${threadId}" does not exist`)
    const activeLocks = locks.filter((lock) => lock.released_at === null && lock.expires_at >= now).length
    const thread = summaryOf(row ?? nothingSaidIn(threadId), activeLocks)
    const messages = (yield* messagesOfThread(threadId)).join(',')
    const tasks = (yield* all('task.list', { threadId, sinceId: 0, now })).map(toTask)
    const rest = jsonText({ tasks, claims: yield* claimsOf(threadId), locks }).slice(1)
    return { result: `{"thread":${JSON.stringify(thread)},"messages":[${messages}],${rest}` } satisfies Done
  },
} satisfies Partial<QueryRules>

function locksByThread(locks: readonly Lock[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const lock of locks) {
    const threadId = threadOfLock(lock)
    if (threadId !== undefined) counts.set(threadId, (counts.get(threadId) ?? 0) + 1)
  }
  return counts
}

function nothingSaidIn(threadId: string): SummaryRow {
  return {
    thread_id: threadId,
    channel: null,
    root_task_id: null,
    latest_message_id: null,
    latest_message_ts: null,
    latest_artifact_id: null,
    message_count: 0,
    total_task_count: 0,
    open_task_count: 0,
    active_claim_count: 0,
  }
}

function summaryOf(row: SummaryRow, active_lock_count: number): ThreadSummary {
  return { ...row, active_lock_count, status: statusOf(row, active_lock_count) }
}

function statusOf(row: SummaryRow, activeLocks: number): ThreadSummary['status'] {
  if (row.total_task_count > 0 && row.open_task_count === 0) return 'completed'
  return row.active_claim_count + activeLocks > 0 ? 'open' : 'waiting'
}

/** `17`, or `-name` for a thread without a message. */
function cursorOf({ latest_message_id, thread_id }: ThreadSummary): string {
  return latest_message_id === null ? `-${thread_id}` : String(latest_message_id)
}

/** @throws ArcError 400 for a malformed cursor */
function positionOf(cursor: string): ThreadPosition {
  if (cursor.startsWith('-')) return { latestMessageId: null, threadId: cursor.slice(1) }
  if (/^[0-9]{1,16}$/.test(cursor)) return { latestMessageId: Number(cursor), threadId: '' }
  throw invalid('cursor must be what `next` said beside the page before')
}
