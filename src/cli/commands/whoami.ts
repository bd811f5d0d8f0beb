// `arc whoami`: the self-test by which an agent picks its transport (PROTOCOL §13).

import { defineCommand } from 'citty'
import { agentArguments, signIn } from '../agent-arguments.js'
import { checkCommandLine } from '../command-line.js'
import { printJson } from '../output.js'

export default defineCommand({
  meta: { name: 'whoami', description: 'Register as an agent and show what it sees: the self-test' },
  args: agentArguments,
  async run({ args, rawArgs }) {
    checkCommandLine(rawArgs, agentArguments)
    const client = await signIn(args)
    printJson(await client.bootstrap())
  },
})
