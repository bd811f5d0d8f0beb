// PostgreSQL's texts for tasks (PROTOCOL §7, §20). A statement that changes a task also keeps the counts of its thread.

import type { Statements, TaskFilter } from '../rules/statements.js'
import { ACTIVE_LEASE, type Texts, where } from './statement-text.js'

type Names = Extract<keyof Statements, `task.${string}`>
type FreeTasks = Statements['task.free']['input']

/** The active claims of a task: under its own key, or under another one that names it. */
const CLAIMS_OF_TASK = `arc.claims WHERE (claim_key = 'task-' || task_id OR task_message_id = task_id) AND ${ACTIVE_LEASE} @now`

/** Tasks as answers show them. The first 400 characters of a body are enough for a title. */
const WHOLE = `SELECT tasks.*, from_agent, substr(body, 1, 400) AS opening,
  (SELECT owner_agent_id FROM ${CLAIMS_OF_TASK} ORDER BY claim_key <> 'task-' || task_id, claimed_at LIMIT 1) AS assignee
  FROM arc.tasks LEFT JOIN arc.messages ON messages.id = task_id`

/** Sets a task's status, and counts the open tasks of its thread by `less`. */
function setStatus(set: string, condition: string, less: '- 1' | '+ 1'): string {
  return `WITH changed AS (
      UPDATE arc.tasks SET ${set} WHERE task_id = @taskId AND ${condition} RETURNING thread_id
    ), counted AS (
      UPDATE arc.threads SET open_task_count = open_task_count ${less}
        WHERE thread_id IN (SELECT thread_id FROM changed)
    )
    SELECT thread_id FROM changed`
}

export const TASK_STATEMENTS: Pick<Texts, Names> = {
  'task.find': 'SELECT * FROM arc.tasks WHERE task_id = @taskId',
  'task.whole': `${WHOLE} WHERE task_id = @taskId`,
  'task.insert': `WITH opened AS (
      INSERT INTO arc.tasks VALUES (@task_id, @parent_task_id, @channel, @thread_id, 'open', @created_at, NULL)
      RETURNING task_id, parent_task_id, thread_id
    )
    INSERT INTO arc.threads
      SELECT thread_id, NULL, NULL, NULL, NULL, 0, CASE WHEN parent_task_id IS NULL THEN task_id END, task_id, 1, 1
      FROM opened WHERE thread_id IS NOT NULL
    ON CONFLICT (thread_id) DO UPDATE SET
      root_task_id = least(threads.root_task_id, excluded.root_task_id),
      first_task_id = least(threads.first_task_id, excluded.first_task_id),
      total_task_count = threads.total_task_count + 1, open_task_count = threads.open_task_count + 1`,
  'task.complete': setStatus("status = 'done', completed_at = @now", "status = 'open'", '- 1'),
  'task.reopen': setStatus("status = 'open', completed_at = NULL", "status <> 'open'", '+ 1'),
  'task.openRequest': `SELECT tasks.* FROM arc.tasks JOIN arc.messages ON messages.id = tasks.task_id
    WHERE task_id = @taskId AND status = 'open' AND kind = 'task_request'`,
  'task.openChild':
    "SELECT task_id FROM arc.tasks WHERE parent_task_id = @parentId AND status = 'open' LIMIT 1",
  'task.free': freeTasks,
  'task.list': listOfTasks,
  'task.releaseClaims': `UPDATE arc.claims SET released_at = @now
    WHERE (claim_key = 'task-' || @taskId::bigint OR task_message_id = @taskId)
      AND ${ACTIVE_LEASE} @now AND owner_agent_id <> @agentId`,
  'task.ofAgent': `${WHOLE} WHERE status = 'open' AND (to_agent = @agentId
      OR EXISTS (SELECT 1 FROM ${CLAIMS_OF_TASK} AND owner_agent_id = @agentId))
    ORDER BY task_id LIMIT @limit`,
}

function listOfTasks(filter: TaskFilter): { text: string; values: object } {
  const those = where(
    'task_id > @sinceId',
    filter.parentId !== undefined && 'parent_task_id = @parentId',
    filter.status !== undefined && 'status = @status',
    filter.channel !== undefined && 'tasks.channel = @channel',
    filter.threadId !== undefined && 'tasks.thread_id = @threadId',
  )
  const limit = filter.limit === undefined ? '' : 'LIMIT @limit'
  return { text: `${WHOLE} ${those} ORDER BY task_id ${limit}`, values: filter }
}

function freeTasks(filter: FreeTasks): { text: string; values: object } {
  const those = where(
    "status = 'open'",
    filter.agentId !== undefined && '(to_agent IS NULL OR to_agent = @agentId)',
    filter.channel !== undefined && 'tasks.channel = @channel',
    filter.threadId !== undefined && 'tasks.thread_id = @threadId',
    `NOT EXISTS (SELECT 1 FROM ${CLAIMS_OF_TASK})`,
    `NOT EXISTS (SELECT 1 FROM arc.waits WHERE waits.kind = 'claim' AND md5(key) = md5('task-' || task_id)
      AND is_away = 0 AND seen_ms >= @seenMs)`,
  )
  const text = `SELECT task_id, to_agent FROM arc.tasks LEFT JOIN arc.messages ON messages.id = task_id ${those}
    ORDER BY task_id LIMIT @limit`
  return { text, values: filter }
}
