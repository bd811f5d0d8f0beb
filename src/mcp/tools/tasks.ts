// The tool for tasks. One tool with four actions costs a model less to read than four tools.

import { z } from 'zod'
import { taskLine } from '../../lease-words.js'
import { ArcError } from '../../protocol/errors.js'
import { shortened } from '../../quoting.js'
import type { ArcClient } from '../../sdk/client.js'
import { claimKey } from '../../sdk/leases.js'
import { taskLines } from '../texts.js'
import { tool, wait } from '../tool.js'

export const tasks = tool({
  name: 'arc_tasks',
  description:
    'list: open tasks. add: a task (text; to one agent, or whoever takes it). next: take the oldest free one, yours until done. done: complete task id; text tells the outcome.',
  input: z.strictObject({
    action: z.enum(['list', 'add', 'next', 'done']).default('list'),
    id: z.number().optional(),
    text: z.string().optional(),
    to: z.string().optional(),
    thread: z.string().optional(),
    wait: wait.default(0),
  }),
  async run({ action, id, text, to, thread, wait }, { agent: { client }, signal }) {
    switch (action) {
      case 'list': {
        const open = await client.listTasks({ status: 'open', threadId: thread, signal })
        return open.length === 0 ? 'There are no open tasks.' : taskLines(open).join('\n')
      }
      case 'add': {
        if (text === undefined) throw new ArcError('invalid_request', 'add needs text')
        const { id: taskId } = await client.createTask(text, { to, threadId: thread, signal })
        return `Task #${taskId} is open${to === undefined ? '' : `, for ${shortened(to)}`}.`
      }
      case 'next': {
        const taken = await client.nextTask({ threadId: thread, wait, signal })
        if (!taken) return 'There is no free task.'
        return `Yours until you call done:\n${taskLine(taken.task)}\nThe whole: arc_message id ${taken.task.task_id}`
      }
      case 'done': {
        if (id === undefined) throw new ArcError('invalid_request', 'done needs the id of the task')
        return complete(client, id, text, signal)
      }
    }
  },
})

async function complete(
  client: ArcClient,
  id: number,
  outcome: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const { task, parentCompleted } = await client.completeTask(id, { signal })
  await client.release(claimKey(id), { signal }).catch(() => {}) // it may have none, or another's
  if (outcome !== undefined) {
    const { channel, thread_id } = task
    const opening = await client.message(id, { signal })
    const to = opening.to_agent === null ? undefined : opening.from_agent
    await client.post(outcome, { replyTo: id, channel, threadId: thread_id ?? undefined, to, signal })
  }
  return `Task #${id} is done${parentCompleted ? `, and so is its parent #${task.parent_task_id}` : ''}.`
}
