// `arc agents`: who is here.

import { agentArguments, signIn } from '../agent-arguments.js'
import { text } from '../arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: {
    ...agentArguments,
    capability: { type: 'string', description: 'Only agents with this capability', valueHint: 'name' },
  },
  examples: [
    ['arc agents --agent me', 'who is here'],
    ['arc agents --agent me --capability review', 'who can review'],
  ],
  async run(given) {
    const capability = text(given.capability, 'capability')
    const client = await signIn(given)
    await show(given, await client.listAgents({ capability }), (texts, rows) => texts.sessions(rows))
  },
})
