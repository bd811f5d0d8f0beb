// `arc leave`: ends the agent's session. What it holds is free then, and its mailbox waits for it.

import { agentArguments, signIn } from '../agent-arguments.js'
import { command } from '../command.js'
import { showFacts } from '../output.js'

export default command({
  args: agentArguments,
  examples: [['arc leave --agent me', 'off the list; what I hold is free']],
  async run(given) {
    const client = await signIn(given)
    await client.close()
    await showFacts(given, { left: client.agentId })
  },
})
