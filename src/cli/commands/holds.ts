// `arc holds`: which claims and locks are held, and by whom.

import { defineCommand } from 'citty'
import { agentArguments, signIn } from '../agent-arguments.js'
import { checkCommandLine } from '../command-line.js'
import { printJson } from '../output.js'

export default defineCommand({
  meta: { name: 'holds', description: 'Show the claims and locks that are held now, one a line' },
  args: agentArguments,
  async run({ args, rawArgs }) {
    checkCommandLine(rawArgs, agentArguments)
    const client = await signIn(args)
    const held = await Promise.all([
      client.listClaims({ activeOnly: true }),
      client.listLocks({ activeOnly: true }),
    ])
    for (const lease of held.flat()) printJson(lease)
  },
})
