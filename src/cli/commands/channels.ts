// `arc channels`: which channels there are.

import { agentArguments, signIn } from '../agent-arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: agentArguments,
  examples: [['arc channels --agent me', 'where the agents talk']],
  async run(given) {
    const client = await signIn(given)
    await show(given, await client.listChannels(), (texts, rows) => texts.channels(rows))
  },
})
