// `arc done`: completes a task, and lets go of the claim on it that `arc task next` or `arc claim` has taken.

import { agentArguments, signIn } from '../agent-arguments.js'
import { messageId } from '../arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: {
    ...agentArguments,
    task: { type: 'positional', required: true, description: 'The id of the task' },
  },
  examples: [['arc done --agent me 7', 'task 7 is done']],
  async run(given) {
    const id = messageId(given.task, 'TASK')
    const client = await signIn(given)
    const completion = await client.completeTask(id)
    await client.release(id).catch(() => {}) // there may be none, or another's
    await show(given, completion, (texts, { task }) => texts.tasks([task]))
  },
})
