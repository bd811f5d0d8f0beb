// `arc thread`: a thread with all that is in it.

import { defineCommand } from 'citty'
import { agentArguments, signIn } from '../agent-arguments.js'
import { requiredPositional } from '../arguments.js'
import { checkCommandLine } from '../command-line.js'
import { printJson } from '../output.js'

const args = {
  ...agentArguments,
  thread: { type: 'positional', required: false, description: 'The id of the thread' },
} as const

export default defineCommand({
  meta: { name: 'thread', description: 'Show a thread: its summary, messages, tasks, claims and locks' },
  args,
  async run({ args: given, rawArgs }) {
    checkCommandLine(rawArgs, args)
    const thread = requiredPositional(given.thread, 'THREAD')
    const client = await signIn(given)
    printJson(await client.getThread(thread))
  },
})
