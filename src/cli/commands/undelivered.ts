// `arc undelivered`: what the agent has sent, and its addressees have not read (PROTOCOL §18). Without an agent: of all senders.

import { agentOf, view, viewArguments } from '../agent-arguments.js'
import { text, wholeNumber } from '../arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: {
    ...viewArguments,
    from: { type: 'string', description: 'Of this sender instead of --agent', valueHint: 'agent' },
    everyone: { type: 'boolean', description: 'Of all senders' },
    to: { type: 'string', description: 'Only for this addressee', valueHint: 'agent' },
    'older-than-sec': { type: 'string', description: 'Only what is older', valueHint: 'sec' },
    limit: { type: 'string', description: 'Receipts at most: 1 to 500 (default 100)', valueHint: 'number' },
  },
  examples: [
    ['arc undelivered --agent me', 'what has nobody read yet?'],
    ['arc undelivered --agent me --to bob', 'what has bob not read?'],
    ['arc undelivered --agent me --everyone', 'what waits in any mailbox?'],
  ],
  async run(given) {
    const filter = {
      from: given.everyone ? null : (text(given.from, 'from') ?? agentOf(given) ?? null),
      to: text(given.to, 'to'),
      olderThanSec: wholeNumber(given['older-than-sec'], 'older-than-sec', 0, 1_000_000_000),
      limit: wholeNumber(given.limit, 'limit', 1, 500),
    }
    const client = await view(given)
    const rows = await client.undelivered(filter)
    await show(given, rows, (texts) => texts.receipts(rows, 'nothing waits: all has been shown'))
  },
})
