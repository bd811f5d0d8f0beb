// `arc done`: completes a task.

import { defineCommand } from 'citty'
import { agentArguments, signIn } from '../agent-arguments.js'
import { requiredId } from '../arguments.js'
import { checkCommandLine } from '../command-line.js'
import { printJson } from '../output.js'

const args = {
  ...agentArguments,
  task: { type: 'positional', required: false, description: 'The id of the task' },
} as const

export default defineCommand({
  meta: { name: 'done', description: 'Complete a task' },
  args,
  async run({ args: given, rawArgs }) {
    checkCommandLine(rawArgs, args)
    const id = requiredId(given.task, 'TASK')
    const client = await signIn(given)
    printJson(await client.completeTask(id))
  },
})
