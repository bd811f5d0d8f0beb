// `arc agent`: one agent whole. A hub of version 1 knows its session and what it holds.

import { notFound } from '../../protocol/errors.js'
import type { ArcClient } from '../../sdk/client.js'
import { view, viewArguments } from '../agent-arguments.js'
import { command } from '../command.js'
import { say, show, showFacts } from '../output.js'
import { ifSupported } from '../unsupported.js'

export default command({
  args: {
    ...viewArguments,
    who: { type: 'positional', required: true, description: 'The agent to look at' },
  },
  examples: [['arc agent bob', 'what does bob do, what has he not read?']],
  async run(given) {
    const { who } = given
    const client = await view(given)
    const answer = await ifSupported(client.agent(who))
    if (answer) return show(given, answer.result, (texts, agent) => texts.agent(agent))
    await showFacts(given, await present(client, who))
    say('arc: this hub speaks version 1: it keeps no mailboxes, and does not know what the agent has read')
  },
})

async function present(client: ArcClient, who: string) {
  const [sessions, claims, locks] = await Promise.all([
    client.listAgents(),
    client.listClaims({ activeOnly: true }),
    client.listLocks({ activeOnly: true, agentId: who }),
  ])
  const session = sessions.find(({ agent_id }) => agent_id === who)
  if (!session) throw notFound(`agent "${who}" is not signed in at this hub`)
  return { agent_id: who, session, claims: claims.filter((claim) => claim.owner_agent_id === who), locks }
}
