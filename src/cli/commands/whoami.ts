// `arc whoami`: the self-test by which an agent picks its transport (PROTOCOL §13).

import { defineCommand } from 'citty'
import { agentArguments, signIn } from '../agent-arguments.js'
import { checkKnown } from '../arguments.js'
import { printJson } from '../output.js'

export default defineCommand({
  meta: { name: 'whoami', description: 'Register as an agent and show what it sees: the self-test' },
  args: agentArguments,
  async run({ args }) {
    checkKnown(args, agentArguments, args._)
    const client = await signIn(args)
    printJson(await client.bootstrap())
  },
})
