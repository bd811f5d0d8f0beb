// `arc done`: completes a task.

import { agentArguments, signIn } from '../agent-arguments.js'
import { requiredId } from '../arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: {
    ...agentArguments,
    task: { type: 'positional', required: false, description: 'The id of the task' },
  },
  examples: [['arc done --agent me 7', 'task 7 is done']],
  async run(given) {
    const id = requiredId(given.task, 'TASK')
    const client = await signIn(given)
    await show(given, await client.completeTask(id), (texts, { task }) => texts.tasks([task]))
  },
})
