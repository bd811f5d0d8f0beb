// `arc channels`: which channels there are.

import { defineCommand } from 'citty'
import { agentArguments, signIn } from '../agent-arguments.js'
import { checkCommandLine } from '../command-line.js'
import { printJson } from '../output.js'

export default defineCommand({
  meta: { name: 'channels', description: 'Show the channels, one a line' },
  args: agentArguments,
  async run({ args, rawArgs }) {
    checkCommandLine(rawArgs, agentArguments)
    const client = await signIn(args)
    for (const channel of await client.listChannels()) printJson(channel)
  },
})
