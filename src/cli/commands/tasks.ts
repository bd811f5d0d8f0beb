// `arc tasks`: which tasks there are.

import { defineCommand } from 'citty'
import { TASK_STATUSES } from '../../protocol/kinds.js'
import { agentArguments, signIn } from '../agent-arguments.js'
import { oneOf, text } from '../arguments.js'
import { checkCommandLine } from '../command-line.js'
import { printJson } from '../output.js'

const args = {
  ...agentArguments,
  status: { type: 'string', description: `Only ${TASK_STATUSES.join(' or ')} tasks`, valueHint: 'status' },
  channel: { type: 'string', description: 'Only this channel', valueHint: 'name' },
  'thread-id': { type: 'string', description: 'Only this thread', valueHint: 'id' },
} as const

export default defineCommand({
  meta: { name: 'tasks', description: 'Show the tasks, one a line' },
  args,
  async run({ args: given, rawArgs }) {
    checkCommandLine(rawArgs, args)
    const filter = {
      status: oneOf(given.status, 'status', TASK_STATUSES),
      channel: text(given.channel, 'channel'),
      threadId: text(given['thread-id'], 'thread-id'),
    }
    const client = await signIn(given)
    for (const task of await client.listTasks(filter)) printJson(task)
  },
})
