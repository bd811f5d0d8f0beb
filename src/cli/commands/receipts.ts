// `arc receipts`: how far a message has come on its way to each addressee (PROTOCOL §18).

import { view, viewArguments } from '../agent-arguments.js'
import { messageId } from '../arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: {
    ...viewArguments,
    id: { type: 'positional', required: true, description: 'The id of the message' },
  },
  examples: [['arc receipts 12', 'who has seen message 12?']],
  async run(given) {
    const id = messageId(given.id, 'ID')
    const client = await view(given)
    const rows = await client.receipts(id)
    await show(given, rows, (texts) => texts.receipts(rows))
  },
})
