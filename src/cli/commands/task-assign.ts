// `arc task assign`: gives a task to an agent, which then holds its claim (PROTOCOL §20).

import { agentArguments, signIn } from '../agent-arguments.js'
import { messageId } from '../arguments.js'
import { command } from '../command.js'
import { leaseArguments, leaseTtl } from '../leases.js'
import { show } from '../output.js'
import { sayIfUnknown } from '../recipient.js'

export default command({
  args: {
    ...agentArguments,
    ...leaseArguments,
    task: { type: 'positional', required: true, description: 'The id of the task' },
    assignee: { type: 'positional', required: true, description: 'The agent that shall do it' },
  },
  examples: [['arc task assign --agent me 7 bob', 'bob has task 7 now, and is told']],
  async run(given) {
    const id = messageId(given.task, 'TASK')
    const { assignee } = given
    const ttlSec = leaseTtl(given)
    const client = await signIn(given)
    await sayIfUnknown(client, assignee)
    const task = await client.assignTask(id, assignee, { ttlSec })
    await show(given, task, (texts) => texts.tasks([task]))
  },
})
