// Tasks as they are stored, and as answers show them (PROTOCOL §7, §20).

import { notFound } from '../../protocol/errors.js'
import type { Task } from '../../protocol/objects.js'
import { one, type Rule } from './sql.js'
import type { StoredTask, TaskRow } from './statements.js'
import { nowOf, type Work } from './work.js'

const MAX_TITLE_CHARS = 200

/** The columns that all implementations have. */
export function findTask(taskId: number): Rule<StoredTask | undefined> {
  return one('task.find', { taskId })
}

/** @throws ArcError `not_found` */
export function* mustBeTask(taskId: number, work: Work): Rule<Task> {
  const row = yield* one('task.whole', { taskId, now: nowOf(work) })
  if (!row) throw notFound(`task ${taskId} does not exist`)
  return toTask(row)
}

export function toTask({ opening, from_agent, assignee, ...row }: TaskRow): Task {
  return { ...row, title: titleOf(opening ?? ''), from_agent, assignee }
}

/** The first line that is not empty. */
function titleOf(opening: string): string {
  const [line = ''] = opening.trimStart().split(/\r?\n|\r/, 1)
  const chars = [...line.trimEnd()]
  return chars.length > MAX_TITLE_CHARS ? `${chars.slice(0, MAX_TITLE_CHARS - 1).join('')}…` : chars.join('')
}

/** The tasks among which an agent takes its next one. */
export interface Wants {
  readonly channel: string | undefined
  readonly threadId: string | undefined
}

/** The key of the line of agents that want such tasks. */
export function wantsKey({ channel, threadId }: Wants): string {
  return JSON.stringify([channel ?? null, threadId ?? null])
}

export function wantsOf(key: string): Wants {
  const [channel, threadId] = JSON.parse(key) as [string | null, string | null]
  return { channel: channel ?? undefined, threadId: threadId ?? undefined }
}
