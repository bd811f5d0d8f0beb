// `arc holds`: which claims and locks are held, and by whom.

import { agentArguments, signIn } from '../agent-arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: agentArguments,
  examples: [['arc holds --agent me', 'who has what, and until when']],
  async run(given) {
    const client = await signIn(given)
    const held = await Promise.all([
      client.listClaims({ activeOnly: true }),
      client.listLocks({ activeOnly: true }),
    ])
    await show(given, held.flat(), (texts, rows) => texts.leases(rows))
  },
})
