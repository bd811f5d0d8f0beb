// Tasks and their roll-up (PROTOCOL §7). A task's id is the id of the message that opened it.

import type { FeedMessage } from '../commands.js'
import { done } from '../outcome.js'
import { mustStillHold } from './fences.js'
import { notice } from './message-log.js'
import { all, one, type Rule, run } from './sql.js'
import type { CommandRules, QueryRules } from './tables.js'
import { findTask, mustBeTask, toTask } from './task-rows.js'
import { nowOf, type Work } from './work.js'

/** Opens a message's task. */
export function* openTask(message: FeedMessage, parentTaskId: number | null, work: Work): Rule<void> {
  yield* run('task.insert', {
    task_id: message.id,
    parent_task_id: parentTaskId,
    channel: message.channel,
    thread_id: message.threadId,
    created_at: nowOf(work),
  })
}

/** Completes the `task_request` that a result replies to, if it is open. Returns its id. */
export function* completeRequest(requestId: number | undefined, work: Work): Rule<number | undefined> {
  if (requestId === undefined || !(yield* one('task.openRequest', { taskId: requestId }))) return undefined
  yield* run('task.complete', { taskId: requestId, now: nowOf(work) })
  return requestId
}

export const taskCommands = {
  *'task.complete'({ task_id: taskId, fencing }, work) {
    if (fencing) yield* mustStillHold(fencing, work)
    const task = yield* mustBeTask(taskId, work)
    yield* run('task.complete', { taskId, now: nowOf(work) })
    const rolledUp = task.parent_task_id !== null && (yield* rollUp(task.parent_task_id, work))
    return done(yield* mustBeTask(taskId, work), rolledUp ? { parent_completed: true } : undefined)
  },
} satisfies Partial<CommandRules>

export const taskQueries = {
  *'tasks.list'(input, work) {
    const { parent_id: parentId, status, channel, thread_id: threadId, since_id: sinceId, limit } = input
    const filter = { parentId, status, channel, threadId, sinceId, now: nowOf(work) }
    if (limit === undefined) return done((yield* all('task.list', filter)).map(toTask))
    const rows = yield* all('task.list', { ...filter, limit: limit + 1 })
    const tasks = rows.slice(0, limit).map(toTask)
    return done(tasks, { next: rows.length > limit ? String(tasks.at(-1)?.task_id) : null })
  },
} satisfies Partial<QueryRules>

/** Completes the parent if its last child is done. It never completes a grandparent. */
function* rollUp(parentId: number, work: Work): Rule<boolean> {
  const parent = yield* findTask(parentId)
  if (parent?.status !== 'open' || (yield* one('task.openChild', { parentId }))) return false
  yield* run('task.complete', { taskId: parentId, now: nowOf(work) })
  const told = {
    body: `Task ${parentId} is done: all of its subtasks are.`,
    channel: parent.channel,
    threadId: parent.thread_id,
    replyTo: parentId,
    metadata: { auto_rollup: true, parent_task_id: parentId },
  }
  yield* notice(told, work)
  return true
}
