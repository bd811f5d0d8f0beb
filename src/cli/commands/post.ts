// `arc post`: says something as an agent.

import { defineCommand } from 'citty'
import { MESSAGE_KINDS } from '../../protocol/kinds.js'
import { agentArguments, signIn } from '../agent-arguments.js'
import { checkKnown, oneOf, text, usageError } from '../arguments.js'
import { printJson } from '../output.js'

const args = {
  ...agentArguments,
  channel: { type: 'string', description: 'Where to post (default general)', valueHint: 'name' },
  to: { type: 'string', description: 'Send a direct message to this agent instead', valueHint: 'agent' },
  kind: { type: 'string', description: 'chat (default), notice, task, artifact, …', valueHint: 'kind' },
  'thread-id': { type: 'string', description: 'The thread that it belongs to', valueHint: 'id' },
  text: { type: 'positional', description: 'What to say; put -- before it if it begins with a dash' },
} as const

export default defineCommand({
  meta: { name: 'post', description: 'Post a message as an agent' },
  args,
  async run({ args: given }) {
    if (given._.length === 0) throw usageError('TEXT is required; one that begins with a dash goes after --')
    checkKnown(given, args, given._)
    const client = await signIn(given)
    const message = await client.post(given.text, {
      channel: text(given.channel, 'channel'),
      to: text(given.to, 'to'),
      kind: oneOf(given.kind?.toLowerCase(), 'kind', MESSAGE_KINDS),
      threadId: text(given['thread-id'], 'thread-id'),
    })
    printJson(message)
  },
})
