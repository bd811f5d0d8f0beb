// `arc ack`: acknowledges a message that is addressed to the agent (PROTOCOL §18).

import { agentArguments, signIn } from '../agent-arguments.js'
import { messageId, text } from '../arguments.js'
import { command } from '../command.js'
import { show } from '../output.js'

export default command({
  args: {
    ...agentArguments,
    note: { type: 'string', description: 'A word for the sender', valueHint: 'text' },
    id: { type: 'positional', required: true, description: 'The id of the message' },
  },
  examples: [
    ['arc ack --agent me 12', 'I have taken note of message 12'],
    ['arc ack --agent me 12 --note "after lunch"', 'and say so to its sender'],
  ],
  async run(given) {
    const id = messageId(given.id, 'ID')
    const note = text(given.note, 'note')
    const client = await signIn(given)
    const receipt = await client.ack(id, { note })
    await show(given, receipt, (texts, row) => texts.receipts([row]))
  },
})
