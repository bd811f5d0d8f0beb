// SQLite's texts for tasks (PROTOCOL §7, §20).

import type { Statements, TaskFilter } from '../rules/statements.js'
import { ACTIVE_LEASE, type Texts, where } from './statement-text.js'

type Names = Extract<keyof Statements, `task.${string}`>
type FreeTasks = Statements['task.free']['input']

/** The active claims of a task: under its own key, or under another one that names it. */
const CLAIMS_OF_TASK = `claims WHERE (claim_key = 'task-' || task_id OR task_message_id = task_id) AND ${ACTIVE_LEASE} @now`

/** Tasks as answers show them. The first 400 characters of a body are enough for a title. */
const WHOLE = `SELECT tasks.*, from_agent, substr(body, 1, 400) AS opening,
  (SELECT owner_agent_id FROM ${CLAIMS_OF_TASK} ORDER BY claim_key <> 'task-' || task_id, claimed_at LIMIT 1) AS assignee
  FROM tasks LEFT JOIN messages ON messages.id = task_id`

export const TASK_STATEMENTS: Pick<Texts, Names> = {
  'task.find': 'SELECT * FROM tasks WHERE task_id = @taskId',
  'task.whole': `${WHOLE} WHERE task_id = @taskId`,
  'task.insert':
    "INSERT INTO tasks VALUES (@task_id, @parent_task_id, @channel, @thread_id, 'open', @created_at, NULL)",
  'task.complete':
    "UPDATE tasks SET status = 'done', completed_at = @now WHERE task_id = @taskId AND status = 'open'",
  'task.reopen': "UPDATE tasks SET status = 'open', completed_at = NULL WHERE task_id = @taskId",
  'task.openRequest': `SELECT tasks.* FROM tasks JOIN messages ON messages.id = tasks.task_id
    WHERE task_id = @taskId AND status = 'open' AND kind = 'task_request'`,
  'task.openChild': "SELECT task_id FROM tasks WHERE parent_task_id = @parentId AND status = 'open' LIMIT 1",
  'task.free': freeTasks,
  'task.list': listOfTasks,
  'task.releaseClaims': `UPDATE claims SET released_at = @now WHERE (claim_key = 'task-' || @taskId OR task_message_id = @taskId)
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
    `NOT EXISTS (SELECT 1 FROM arc_waits WHERE arc_waits.kind = 'claim' AND key = 'task-' || task_id
      AND is_away = 0 AND seen_ms >= @seenMs)`,
  )
  const text = `SELECT task_id, to_agent FROM tasks LEFT JOIN messages ON messages.id = task_id ${those}
    ORDER BY task_id LIMIT @limit`
  return { text, values: filter }
}
