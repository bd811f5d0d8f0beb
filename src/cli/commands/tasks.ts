// `arc tasks`: which tasks there are.

import { TASK_STATUSES } from '../../protocol/kinds.js'
import { view, viewArguments } from '../agent-arguments.js'
import { oneOf, text } from '../arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: {
    ...viewArguments,
    status: { type: 'string', description: `Only ${TASK_STATUSES.join(' or ')} tasks`, valueHint: 'status' },
    channel: { type: 'string', description: 'Only this channel', valueHint: 'name' },
    'thread-id': { type: 'string', description: 'Only this thread', valueHint: 'id' },
  },
  examples: [['arc tasks --status open', 'what is there to do']],
  async run(given) {
    const filter = {
      status: oneOf(given.status, 'status', TASK_STATUSES),
      channel: text(given.channel, 'channel'),
      threadId: text(given['thread-id'], 'thread-id'),
    }
    const client = await view(given)
    await show(given, await client.listTasks(filter), (texts, rows) => texts.tasks(rows))
  },
})
