// `arc agents`: who is here, and how a message reaches each.

import { viewArguments, viewed } from '../agent-arguments.js'
import { text } from '../arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'
import { reachOf } from '../reach.js'

export default command({
  args: {
    ...viewArguments,
    capability: { type: 'string', description: 'Only agents with this capability', valueHint: 'name' },
  },
  examples: [
    ['arc agents', 'who is here'],
    ['arc agents --capability review', 'who can review'],
  ],
  async run(given) {
    const capability = text(given.capability, 'capability')
    const { answer } = await viewed(given, (client) =>
      Promise.all([
        client.listAgents({ capability }),
        client.status().then(
          ({ waiting_agents }) => new Set(waiting_agents),
          () => undefined, // a hub of version 1
        ),
      ]),
    )
    const [sessions, waiting] = answer
    const rows = sessions.map((session) => ({
      ...session,
      ...(waiting && { reach: reachOf(session, waiting) }),
    }))
    await show(given, rows, (texts) => texts.sessions(rows))
  },
})
