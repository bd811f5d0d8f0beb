// `arc leave`: releases what the agent holds, and ends its session. Its mailbox waits for it.

import { agentArguments, signIn } from '../agent-arguments.js'
import { command } from '../command.js'
import { showFacts } from '../output.js'

export default command({
  args: agentArguments,
  examples: [['arc leave --agent me', 'off the list; what I hold is free']],
  async run(given) {
    const client = await signIn(given)
    await client.releaseAll()
    await client.close()
    await showFacts(given, { left: client.agentId })
  },
})
