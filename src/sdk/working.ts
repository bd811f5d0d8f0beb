// A client's tasks: to post them, to take the next one, to complete them (PROTOCOL §7, §20).

import type { Task } from '../protocol/objects.js'
import { acquire } from './acquiring.js'
import { Holding } from './holding.js'
import type * as options from './lease-options.js'
import { claimKey, FENCING_FEATURE, type Leases } from './leases.js'
import type { CallOptions, PostedMessage } from './options.js'
import { allPages } from './pages.js'
import { postMessage } from './posting.js'
import { type Requester, withQuery } from './requester.js'
import { underOf } from './under.js'

const READY_FEATURE = 'arc:ready'

export abstract class Working extends Holding {
  readonly #requester: Requester
  readonly #leases: Leases
  /** Tasks that `nextTask` has claimed. */
  readonly #taken = new Set<number>()

  constructor(agentId: string, requester: Requester, leases: Leases) {
    super(agentId, requester, leases)
    this.#requester = requester
    this.#leases = leases
  }

  /** All tasks that the options select, by `task_id`. */
  listTasks({ parentId, status, channel, threadId, signal }: options.ListTasksOptions = {}): Promise<Task[]> {
    const filter = { parent_id: parentId, status, channel, thread_id: threadId }
    return allPages((limit, since_id) =>
      this.#requester.get(withQuery('/v1/tasks', { ...filter, limit, since_id }), { signal }),
    )
  }

  /** Posts a task. Its id is the message's. The first line is its title. */
  async createTask(body: string, given: options.CreateTaskOptions = {}): Promise<PostedMessage> {
    return (await postMessage(this.#requester, this.agentId, body, { ...given, kind: 'task' })).message
  }

  /**
   * Takes the oldest open task that nobody has claimed and that was not sent to another agent (PROTOCOL §20). It is claimed
   * for this agent, and the claim is kept until `completeTask`. Null if there is none, also after `wait` seconds.
   */
  async nextTask(given: options.NextTaskOptions = {}): Promise<options.TakenTask | null> {
    const { channel, threadId, ttlSec, signal } = given
    const body = { agent_id: this.agentId, channel, thread_id: threadId, ttl_sec: ttlSec }
    const ask = () => acquire<Task | null>(this.#requester, '/v1/tasks/next', body, given)
    const { result: task, envelope } = await this.#requester.needing(
      READY_FEATURE,
      { signal, when: 'after' },
      ask,
    )
    if (!task) return null
    this.#leases.keepClaim(task.task_id, given)
    this.#taken.add(task.task_id)
    return { task, fence: envelope.fence as number }
  }

  /** Gives a task to an agent, for the operator (PROTOCOL §20): it holds the task's claim then, and all are told. Done: 409. */
  async assignTask(taskId: number, agentId: string, given: options.AssignTaskOptions = {}): Promise<Task> {
    return this.#manage(taskId, 'assign', { agent_id: agentId, ttl_sec: given.ttlSec }, given)
  }

  /** Opens a done task again, for the operator (PROTOCOL §20). Its thread is told. Unknown: 404. */
  reopenTask(taskId: number, given: CallOptions = {}): Promise<Task> {
    return this.#manage(taskId, 'reopen', {}, given)
  }

  /**
   * Marks a task done; a done one stays done. A claim by `nextTask` is released; one by `claim` is refreshed no longer.
   * Unknown: 404.
   */
  async completeTask(
    taskId: number,
    given: options.CompleteTaskOptions = {},
  ): Promise<options.TaskCompletion> {
    const { under, signal } = given
    const path = `/v1/tasks/${taskId}/complete`
    const ask = () => this.#requester.post<Task>(path, under ? underOf(under) : {}, { signal })
    const { result, envelope } = under
      ? await this.#requester.needing(FENCING_FEATURE, { signal, when: 'before' }, ask)
      : await ask()
    const key = claimKey(taskId)
    if (this.#taken.delete(taskId)) await this.#leases.release(key, { signal }).catch(() => {}) // or it has expired
    this.#leases.kept.drop('claim', key)
    return { task: result, parentCompleted: envelope.parent_completed === true }
  }

  async #manage(taskId: number, verb: string, body: object, { signal }: CallOptions): Promise<Task> {
    const path = `/v1/tasks/${taskId}/${verb}`
    const ask = () => this.#requester.post<Task>(path, { ...body, by: this.agentId }, { signal })
    return (await this.#requester.needing(READY_FEATURE, { signal, when: 'after' }, ask)).result
  }
}
