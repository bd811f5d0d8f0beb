// Tasks and their roll-up (PROTOCOL §7). A task's id is the id of the message that opened it.

import { success } from '../../protocol/envelope.js'
import { notFound } from '../../protocol/errors.js'
import type { Task } from '../../protocol/objects.js'
import type { CommandHandlers, QueryHandlers } from '../commands.js'
import { allOf } from './bounded.js'
import { nowSeconds, type SqliteContext } from './context.js'
import type { MessageLog } from './message-log.js'

export class Tasks {
  readonly #db
  readonly #find
  readonly #insert
  readonly #complete
  readonly #openRequest
  readonly #openChildren
  readonly #ofThread
  readonly #log: MessageLog

  constructor({ db }: SqliteContext, log: MessageLog) {
    this.#db = db
    this.#log = log
    this.#find = db.prepare<[number], Task>('SELECT * FROM tasks WHERE task_id = ?')
    this.#insert = db.prepare("INSERT INTO tasks VALUES (?, ?, ?, ?, 'open', ?, NULL)")
    this.#complete = db.prepare(
      "UPDATE tasks SET status = 'done', completed_at = ? WHERE task_id = ? AND status = 'open'",
    )
    this.#openRequest = db
      .prepare<[number], number>(
        `SELECT 1 FROM tasks JOIN messages ON messages.id = tasks.task_id
         WHERE task_id = ? AND status = 'open' AND kind = 'task_request'`,
      )
      .pluck()
    this.#openChildren = db
      .prepare<[number], number>("SELECT count(*) FROM tasks WHERE parent_task_id = ? AND status = 'open'")
      .pluck()
    this.#ofThread = db.prepare<[string], Task>('SELECT * FROM tasks WHERE thread_id = ? ORDER BY task_id')
  }

  find(taskId: number): Task | undefined {
    return this.#find.get(taskId)
  }

  ofThread(threadId: string): Task[] {
    return allOf(this.#ofThread.iterate(threadId))
  }

  open(taskId: number, parentTaskId: number | null, channel: string, threadId: string | null): void {
    this.#insert.run(taskId, parentTaskId, channel, threadId, nowSeconds())
  }

  /** Completes the open `task_request` that a result replies to, if it is one; returns its id. */
  completeRequest(requestId: number | undefined): number | undefined {
    if (requestId === undefined || !this.#openRequest.get(requestId)) return undefined
    this.#complete.run(nowSeconds(), requestId)
    return requestId
  }

  readonly commands = {
    'task.complete': ({ task_id }) => {
      const task = this.find(task_id)
      if (!task) throw notFound(`task ${task_id} does not exist`)
      this.#complete.run(nowSeconds(), task_id)
      const rolledUp = task.parent_task_id !== null && this.#rollUp(task.parent_task_id)
      return success(200, this.find(task_id), rolledUp ? { parent_completed: true } : undefined)
    },
  } satisfies Partial<CommandHandlers>

  readonly queries = {
    'tasks.list': (input) => {
      const conditions = [
        input.parent_id !== undefined && 'parent_task_id = @parent_id',
        input.status !== undefined && 'status = @status',
        input.channel !== undefined && 'channel = @channel',
        input.thread_id !== undefined && 'thread_id = @thread_id',
      ].filter((condition) => typeof condition === 'string')
      const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
      const sql = `SELECT * FROM tasks ${where} ORDER BY task_id`
      return success(200, allOf(this.#db.prepare<object, Task>(sql).iterate({ ...input })))
    },
  } satisfies Partial<QueryHandlers>

  /** Completes the parent when its last child is done; never looks further up. */
  #rollUp(parentId: number): boolean {
    const parent = this.find(parentId)
    if (parent?.status !== 'open' || this.#openChildren.get(parentId) !== 0) return false
    this.#complete.run(nowSeconds(), parentId)
    this.#log.notice({
      body: `Task ${parentId} is done: all of its subtasks are.`,
      channel: parent.channel,
      threadId: parent.thread_id,
      replyTo: parentId,
      metadata: { auto_rollup: true, parent_task_id: parentId },
    })
    return true
  }
}
