// `arc release`: releases a claim.

import { defineCommand } from 'citty'
import { agentArguments, signIn } from '../agent-arguments.js'
import { requiredPositional } from '../arguments.js'
import { checkCommandLine } from '../command-line.js'
import { printJson } from '../output.js'

const args = {
  ...agentArguments,
  key: { type: 'positional', required: false, description: 'The key, such as task-7' },
} as const

export default defineCommand({
  meta: { name: 'release', description: 'Release a claim that the agent holds' },
  args,
  async run({ args: given, rawArgs }) {
    checkCommandLine(rawArgs, args)
    const key = requiredPositional(given.key, 'KEY')
    const client = await signIn(given)
    await client.release(key)
    printJson({ released: key })
  },
})
