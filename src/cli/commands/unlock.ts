// `arc unlock`: releases a lock on a file.

import { defineCommand } from 'citty'
import { agentArguments, signIn } from '../agent-arguments.js'
import { requiredPositional } from '../arguments.js'
import { checkCommandLine } from '../command-line.js'
import { printJson } from '../output.js'

const args = {
  ...agentArguments,
  key: { type: 'positional', required: false, description: 'The path, as all agents write it' },
} as const

export default defineCommand({
  meta: { name: 'unlock', description: 'Release a lock on a file that the agent holds' },
  args,
  async run({ args: given, rawArgs }) {
    checkCommandLine(rawArgs, args)
    const key = requiredPositional(given.key, 'KEY')
    const client = await signIn(given)
    await client.unlock(key)
    printJson({ released: key })
  },
})
