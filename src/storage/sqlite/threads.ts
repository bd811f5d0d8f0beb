// Threads (PROTOCOL §5): every thread that a message, a task or a claim names, with its summary. The
// messages' share of it comes from `arc_threads`, so that no summary counts messages.

import { success, successText } from '../../protocol/envelope.js'
import { notFound } from '../../protocol/errors.js'
import type { ThreadSummary } from '../../protocol/objects.js'
import type { QueryHandlers } from '../commands.js'
import { allOf } from './bounded.js'
import { nowSeconds, type SqliteContext } from './context.js'
import type { Leases } from './leases.js'
import type { Messages } from './messages.js'
import type { Tasks } from './tasks.js'

type SummaryRow = Omit<ThreadSummary, 'status' | 'active_lock_count'>

/** `@thread` null: all threads. */
const SUMMARIES = `
  WITH named AS (
    SELECT thread_id FROM arc_threads WHERE @thread IS NULL OR thread_id = @thread
    UNION SELECT thread_id FROM tasks WHERE thread_id IS NOT NULL AND (@thread IS NULL OR thread_id = @thread)
    UNION SELECT thread_id FROM claims WHERE thread_id IS NOT NULL AND (@thread IS NULL OR thread_id = @thread)
  ), summary AS (
    SELECT named.thread_id,
      (SELECT min(task_id) FROM tasks WHERE tasks.thread_id = named.thread_id AND parent_task_id IS NULL) AS root_task_id,
      (SELECT min(task_id) FROM tasks WHERE tasks.thread_id = named.thread_id) AS first_task_id,
      (SELECT count(*) FROM tasks WHERE tasks.thread_id = named.thread_id) AS total_task_count,
      (SELECT count(*) FROM tasks WHERE tasks.thread_id = named.thread_id AND status = 'open') AS open_task_count,
      (SELECT count(*) FROM claims WHERE claims.thread_id = named.thread_id
        AND released_at IS NULL AND expires_at >= @now) AS active_claim_count
    FROM named
  )
  SELECT summary.thread_id,
    coalesce((SELECT channel FROM tasks WHERE task_id = root_task_id), said.channel,
      (SELECT channel FROM tasks WHERE task_id = first_task_id)) AS channel,
    root_task_id, latest_message_id, latest_message_ts, latest_artifact_id,
    coalesce(message_count, 0) AS message_count, total_task_count, open_task_count, active_claim_count
  FROM summary LEFT JOIN arc_threads said ON said.thread_id = summary.thread_id
  ORDER BY latest_message_id DESC NULLS LAST, summary.thread_id DESC`

export class Threads {
  readonly #messages: Messages
  readonly #tasks: Tasks
  readonly #leases: Leases
  readonly #summaries

  constructor({ db }: SqliteContext, messages: Messages, tasks: Tasks, leases: Leases) {
    this.#messages = messages
    this.#tasks = tasks
    this.#leases = leases
    this.#summaries = db.prepare<object, SummaryRow>(SUMMARIES)
  }

  /** The channel of a thread; null where nothing says it. */
  channelOf(threadId: string): string | null {
    return this.#summaries.get({ thread: threadId, now: nowSeconds() })?.channel ?? null
  }

  readonly queries = {
    'threads.list': () => success(200, this.#read(null)),
    'threads.get': ({ thread_id }) => {
      const thread = this.#read(thread_id)[0]
      if (!thread) throw notFound(`thread "${thread_id}" does not exist`)
      const parts = {
        tasks: this.#tasks.ofThread(thread_id),
        claims: this.#leases.claims.list({ thread_id }, false),
        locks: this.#leases.locks.list({}, false).filter((lock) => lock.metadata.thread_id === thread_id),
      }
      const messages = this.#messages.ofThread(thread_id).join(',')
      const rest = JSON.stringify(parts).slice(1)
      return successText(200, `{"thread":${JSON.stringify(thread)},"messages":[${messages}],${rest}`)
    },
  } satisfies Partial<QueryHandlers>

  #read(thread: string | null): ThreadSummary[] {
    const locksByThread = new Map<unknown, number>()
    for (const { metadata } of this.#leases.locks.list({}, true)) {
      locksByThread.set(metadata.thread_id, (locksByThread.get(metadata.thread_id) ?? 0) + 1)
    }
    return allOf(this.#summaries.iterate({ thread, now: nowSeconds() })).map((row) => {
      const active_lock_count = locksByThread.get(row.thread_id) ?? 0
      return { ...row, active_lock_count, status: statusOf(row, active_lock_count) }
    })
  }
}

function statusOf(row: SummaryRow, activeLocks: number): ThreadSummary['status'] {
  if (row.total_task_count > 0 && row.open_task_count === 0) return 'completed'
  return row.active_claim_count + activeLocks > 0 ? 'open' : 'waiting'
}
