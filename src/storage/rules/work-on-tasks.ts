// Who works on a task (PROTOCOL §20): the holder of its claim. An agent takes the next free task; the operator assigns one,
// or opens it again.

import { ArcError } from '../../protocol/errors.js'
import type { Task } from '../../protocol/objects.js'
import type { Commands } from '../commands.js'
import { type Done, done, made } from '../outcome.js'
import { mustExistToRead } from './channels.js'
import { fenceOf } from './fences.js'
import { activeLease, ownerOf } from './lease-rows.js'
import { notice } from './message-log.js'
import { one, type Rule, run } from './sql.js'
import type { CommandRules } from './tables.js'
import { mustBeTask, wantsKey } from './task-rows.js'
import { join, leave, lineFor, seenSince, stepAside } from './waits.js'
import { nowOf, secondsAhead, type Work } from './work.js'

const keyOf = (taskId: number) => `task-${taskId}`

/** Claims a task for an agent. Gives the fence of the claim. */
function* take(task: Task, owner: string, ttlSec: number, work: Work): Rule<number | null> {
  const key = keyOf(task.task_id)
  const expiresAt = secondsAhead(work, ttlSec)
  const holder = yield* activeLease('claim', key, work)
  if (holder && ownerOf(holder) === owner) yield* run('claim.extend', { key, expiresAt })
  else {
    const { thread_id: threadId, task_id: taskMessageId } = task
    const claim = { key, owner, now: nowOf(work), expiresAt, metadata: '{}', threadId, taskMessageId }
    yield* run('claim.take', claim)
  }
  yield* leave(yield* lineFor({ kind: 'claim', key }), owner)
  return yield* fenceOf('claim', key)
}

function* next(input: Commands['task.next'], work: Work): Rule<Done> {
  const { agent_id: agentId, channel, thread_id: threadId, ttl_sec, wait } = input
  const at = { kind: 'task', key: wantsKey({ channel, threadId }) } as const
  if (channel !== undefined) yield* mustExistToRead(channel)
  const line = yield* lineFor(at)
  const filter = { agentId, channel, threadId, now: nowOf(work), seenMs: seenSince(work), limit: 1 }
  const found = yield* one('task.free', filter)
  if (found) {
    const task = yield* mustBeTask(found.task_id, work)
    const fence = yield* take(task, agentId, ttl_sec, work)
    yield* leave(line, agentId)
    return made(yield* mustBeTask(found.task_id, work), { acquired: true, fence })
  }
  if (wait === 'last') yield* stepAside(line, agentId)
  const place = wait === 'join' ? yield* join(at, line, agentId, work) : undefined
  return { ...done(null, { acquired: false }), place, isPassing: place !== undefined }
}

function* assign(input: Commands['task.assign'], work: Work): Rule<Done> {
  const { task_id: taskId, agent_id: agentId, by, ttl_sec } = input
  const task = yield* mustBeTask(taskId, work)
  if (task.status === 'done') {
    const text = `task ${taskId} is done; open it again first: POST /v1/tasks/${taskId}/reopen`
    throw new ArcError('task_done', text)
  }
  const former = task.assignee ?? null
  if (former !== null && former !== agentId) {
    yield* run('task.releaseClaims', { taskId, agentId, now: nowOf(work) })
  }
  const fence = yield* take(task, agentId, ttl_sec, work)
  const what = `task ${taskId} ("${task.title}")`
  const metadata = { task_assigned: taskId, agent_id: agentId, by: by ?? null, former_assignee: former }
  const name = by ?? 'The operator'
  yield* tell(task, `${name} assigned ${what} to ${agentId}.`, metadata, work)
  yield* notice(
    { body: `${name} assigned ${what} to you.`, toAgent: agentId, replyTo: taskId, metadata },
    work,
  )
  if (former !== null && former !== agentId) {
    const body = `${name} took ${what} from you: stop your work on it. ${agentId} has it now.`
    yield* notice({ body, toAgent: former, replyTo: taskId, metadata }, work)
  }
  return done(yield* mustBeTask(taskId, work), { fence })
}

function* reopen({ task_id: taskId, by }: Commands['task.reopen'], work: Work): Rule<Done> {
  const task = yield* mustBeTask(taskId, work)
  if (task.status === 'open') return done(task)
  yield* run('task.reopen', { taskId })
  const body = `${by ?? 'The operator'} opened task ${taskId} ("${task.title}") again.`
  yield* tell(task, body, { task_reopened: taskId, by: by ?? null }, work)
  return done(yield* mustBeTask(taskId, work))
}

function* tell(task: Task, body: string, metadata: object, work: Work): Rule<void> {
  const { channel, thread_id: threadId, task_id: replyTo } = task
  yield* notice({ body, metadata, channel, threadId, replyTo }, work)
}

export const taskWorkCommands = {
  'task.next': next,
  'task.assign': assign,
  'task.reopen': reopen,
} satisfies Partial<CommandRules>
