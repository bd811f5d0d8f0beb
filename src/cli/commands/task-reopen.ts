// `arc task reopen`: opens a done task again (PROTOCOL §20).

import { agentArguments, signIn } from '../agent-arguments.js'
import { messageId } from '../arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: {
    ...agentArguments,
    task: { type: 'positional', required: true, description: 'The id of the task' },
  },
  examples: [['arc task reopen --agent me 7', 'task 7 is not done after all']],
  async run(given) {
    const id = messageId(given.task, 'TASK')
    const client = await signIn(given)
    await show(given, await client.reopenTask(id), (texts, task) => texts.tasks([task]))
  },
})
