// `arc post`: posts a message as an agent.

import { text as readStandardInput } from 'node:stream/consumers'
import { defineCommand } from 'citty'
import { MESSAGE_KINDS } from '../../protocol/kinds.js'
import { agentArguments, signIn } from '../agent-arguments.js'
import { oneOf, text, usageError, wholeNumber } from '../arguments.js'
import { checkCommandLine } from '../command-line.js'
import { printJson } from '../output.js'

const args = {
  ...agentArguments,
  channel: { type: 'string', description: 'Where to post (default general)', valueHint: 'name' },
  to: { type: 'string', description: 'Send a direct message to this agent instead', valueHint: 'agent' },
  kind: { type: 'string', description: 'chat (default), notice, task, artifact, …', valueHint: 'kind' },
  'thread-id': { type: 'string', description: 'The thread that it belongs to', valueHint: 'id' },
  'reply-to': { type: 'string', description: 'The message that it answers', valueHint: 'id' },
  // Optional for citty, which reads a text that begins with a dash as options and then reports a missing text.
  text: {
    type: 'positional',
    required: false,
    description: 'What to say; - for standard input; after -- if it begins with a dash',
  },
} as const

export default defineCommand({
  meta: { name: 'post', description: 'Post a message as an agent' },
  args,
  async run({ args: given, rawArgs }) {
    if (given.text === undefined)
      throw usageError('TEXT is required; - reads standard input; one that begins with a dash goes after --')
    checkCommandLine(rawArgs, args)
    const body = given.text === '-' ? await readStandardInput(process.stdin) : given.text
    if (body.trim() === '') throw usageError('TEXT must not be empty')
    const options = {
      channel: text(given.channel, 'channel'),
      to: text(given.to, 'to'),
      kind: oneOf(given.kind?.toLowerCase(), 'kind', MESSAGE_KINDS),
      threadId: text(given['thread-id'], 'thread-id'),
      replyTo: wholeNumber(given['reply-to'], 'reply-to', 0, Number.MAX_SAFE_INTEGER),
    }
    const client = await signIn(given)
    printJson(await client.post(body, options))
  },
})
