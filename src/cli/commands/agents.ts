// `arc agents`: who is here.

import { defineCommand } from 'citty'
import { agentArguments, signIn } from '../agent-arguments.js'
import { text } from '../arguments.js'
import { checkCommandLine } from '../command-line.js'
import { printJson } from '../output.js'

const args = {
  ...agentArguments,
  capability: { type: 'string', description: 'Only agents with this capability', valueHint: 'name' },
} as const

export default defineCommand({
  meta: { name: 'agents', description: 'Show who is here, one session a line' },
  args,
  async run({ args: given, rawArgs }) {
    checkCommandLine(rawArgs, args)
    const capability = text(given.capability, 'capability')
    const client = await signIn(given)
    for (const session of await client.listAgents({ capability })) printJson(session)
  },
})
