// `arc post`: posts a message as an agent.

import { defineCommand } from 'citty'
import { MESSAGE_KINDS } from '../../protocol/kinds.js'
import { agentArguments, signIn } from '../agent-arguments.js'
import { oneOf, text, usageError } from '../arguments.js'
import { checkCommandLine } from '../command-line.js'
import { printJson } from '../output.js'

const args = {
  ...agentArguments,
  channel: { type: 'string', description: 'Where to post (default general)', valueHint: 'name' },
  to: { type: 'string', description: 'Send a direct message to this agent instead', valueHint: 'agent' },
  kind: { type: 'string', description: 'chat (default), notice, task, artifact, …', valueHint: 'kind' },
  'thread-id': { type: 'string', description: 'The thread that it belongs to', valueHint: 'id' },
  // Optional for citty, which reads a text that begins with a dash as options and then reports a missing text.
  text: {
    type: 'positional',
    required: false,
    description: 'What to say; after -- if it begins with a dash',
  },
} as const

export default defineCommand({
  meta: { name: 'post', description: 'Post a message as an agent' },
  args,
  async run({ args: given, rawArgs }) {
    if (given.text === undefined)
      throw usageError('TEXT is required; one that begins with a dash goes after --')
    checkCommandLine(rawArgs, args)
    if (given.text.trim() === '') throw usageError('TEXT must not be empty')
    const options = {
      channel: text(given.channel, 'channel'),
      to: text(given.to, 'to'),
      kind: oneOf(given.kind?.toLowerCase(), 'kind', MESSAGE_KINDS),
      threadId: text(given['thread-id'], 'thread-id'),
    }
    const client = await signIn(given)
    printJson(await client.post(given.text, options))
  },
})
