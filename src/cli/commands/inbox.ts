// `arc inbox`: what is addressed to the agent and unread, without marking it as read; with `--all` its direct messages ever.

import type { Message, Receipt } from '../../protocol/objects.js'
import type { ArcClient } from '../../sdk/client.js'
import { agentArguments, signedIn } from '../agent-arguments.js'
import { wholeNumber } from '../arguments.js'
import { command } from '../command.js'
import { say, show } from '../output.js'
import { ifSupported } from '../unsupported.js'

const DEFAULT_ROWS = 20
const MOST_ROWS = 500

export default command({
  args: {
    ...agentArguments,
    all: { type: 'boolean', description: 'The last direct messages, read ones too' },
    limit: {
      type: 'string',
      description: `Messages at most: 1 to ${MOST_ROWS} (default ${DEFAULT_ROWS})`,
      valueHint: 'number',
    },
  },
  examples: [
    ['arc inbox --agent me', 'what is for me and unread?'],
    ['arc poll --agent me', 'read it'],
    ['arc inbox --agent me --all', 'the last direct messages to me'],
  ],
  async run(given) {
    const limit = wholeNumber(given.limit, 'limit', 1, MOST_ROWS) ?? DEFAULT_ROWS
    const { client, answer } = await signedIn(given, async (client) =>
      given.all ? undefined : ifSupported(unread(client, limit)),
    )
    if (answer) {
      await show(given, answer.result.rows, (texts, rows) => texts.messages(rows))
      const { unread: all, ambient_unread: ambient } = answer.result.mailbox
      return say(
        `arc: ${all} for ${client.agentId} unread, and ${ambient} more in the room; arc poll reads them`,
      )
    }
    await show(given, await client.inbox({ tail: true, limit }), (texts, rows) => texts.messages(rows))
    if (!given.all) say('arc: this hub keeps no mailboxes: these are the last direct messages, read ones too')
  },
})

async function unread(client: ArcClient, limit: number) {
  const receipts = await client.undelivered({ from: null, to: client.agentId, limit })
  const [mailbox, rows] = await Promise.all([client.mailbox(), Promise.all(receipts.map(whole))])
  return { mailbox, rows }

  async function whole({ message_id, state, offers }: Receipt): Promise<Message & Partial<Receipt>> {
    return { ...(await client.message(message_id)), state, offers }
  }
}
