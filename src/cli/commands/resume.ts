// `arc resume`: what an agent has to know to go on after its context was lost, as the hooks tell it (src/resume-text.ts).

import { RECENT, recentSince, resumeText } from '../../resume-text.js'
import { agentArguments, signIn } from '../agent-arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: agentArguments,
  examples: [['arc resume --agent me', 'what do I hold, what is unread, what was decided?']],
  async run(given) {
    const client = await signIn(given)
    const agent = await client.agent()
    const recent = await client.poll({
      sinceId: recentSince(agent),
      limit: RECENT,
      timeout: 0,
      includeSelf: true,
    })
    const text = resumeText({ agent, recent })
    const { unread, ambient_unread } = agent.mailbox
    await show(
      given,
      { agent_id: client.agentId, unread, ambient_unread, text },
      ({ visible }) => `${visible(text)}\n`,
    )
  },
})
