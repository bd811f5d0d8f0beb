// The statements of tasks (PROTOCOL §7, §20), as a part of `statements.ts`.

import type { Task } from '../../protocol/objects.js'
import type { Statement } from './statement.js'

export type StoredTask = Omit<Task, 'title' | 'from_agent' | 'assignee'>

/** A task with what its opening message and its claim say. */
export interface TaskRow extends StoredTask {
  /** The beginning of the message's body. Null, as the next one, if the message is not there. */
  opening: string | null
  from_agent: string | null
  /** Holds the claim of the task. */
  assignee: string | null
}

/** Selects the open tasks without a claim that nobody waits for. */
interface FreeTasks {
  /** Without those that were sent to another agent. */
  readonly agentId?: string | undefined
  readonly channel?: string | undefined
  readonly threadId?: string | undefined
  readonly now: string
  /** Waits that were renewed since then are live. */
  readonly seenMs: number
  readonly limit: number
}

export interface TaskFilter {
  readonly now: string
  readonly parentId?: number | undefined
  readonly status?: string | undefined
  readonly channel?: string | undefined
  readonly threadId?: string | undefined
  readonly sinceId: number
  /** Absent: all. */
  readonly limit?: number | undefined
}

export interface TaskStatements {
  'task.find': Statement<{ taskId: number }, StoredTask>
  'task.whole': Statement<{ taskId: number; now: string }, TaskRow>
  'task.insert': Statement<Omit<StoredTask, 'status' | 'completed_at'>>
  'task.complete': Statement<{ taskId: number; now: string }>
  /** The task, if it is open and a `task_request` opened it. */
  'task.openRequest': Statement<{ taskId: number }, StoredTask>
  'task.openChild': Statement<{ parentId: number }, { task_id: number }>
  'task.reopen': Statement<{ taskId: number }>
  /** By task id. `to_agent`: the agent that it was sent to. */
  'task.free': Statement<FreeTasks, { task_id: number; to_agent: string | null }>
  'task.list': Statement<TaskFilter, TaskRow>
  /** Open tasks that were sent to the agent, or whose claim it holds. */
  'task.ofAgent': Statement<{ agentId: string; now: string; limit: number }, TaskRow>
  /** Releases the claims of a task that others than this agent hold. */
  'task.releaseClaims': Statement<{ taskId: number; agentId: string; now: string }>
}
