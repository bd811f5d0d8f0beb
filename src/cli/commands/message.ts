// `arc message`: one message whole, by its id (PROTOCOL §18). Lists and hooks may show it cut.

import { view, viewArguments } from '../agent-arguments.js'
import { messageId } from '../arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: {
    ...viewArguments,
    id: { type: 'positional', required: true, description: 'The id of the message' },
  },
  examples: [['arc message 12', 'message 12, whole']],
  async run(given) {
    const id = messageId(given.id, 'ID')
    const client = await view(given)
    const message = await client.message(id)
    await show(given, message, (texts, row) => texts.wholeMessage(row))
  },
})
