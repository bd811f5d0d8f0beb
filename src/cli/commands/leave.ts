// `arc leave`: releases what the agent holds, and ends its session. Its mailbox waits for it.

import type { ArcClient } from '../../sdk/client.js'
import { agentArguments, signIn, unregistered } from '../agent-arguments.js'
import { command } from '../command.js'
import { say, showFacts } from '../output.js'
import { agentOrUnknown } from '../recipient.js'

export default command({
  args: agentArguments,
  examples: [['arc leave --agent me', 'off the list; what I hold is free']],
  async run(given) {
    if (await isNowhere(unregistered(given))) {
      say('arc: no agent of that name is here, and it holds nothing; arc agents shows who is here')
    }
    const client = await signIn(given)
    await client.releaseAll()
    await client.close()
    await showFacts(given, { left: client.agentId })
  },
})

/** A mistyped name, most likely: nothing would be freed. */
async function isNowhere(client: ArcClient): Promise<boolean> {
  const found = await agentOrUnknown(client, client.agentId)
  if (found === undefined || found === 'unknown') return found === 'unknown'
  const { session, claims, locks, scopes = [] } = found
  return session === null && [...claims, ...locks, ...scopes].length === 0
}
