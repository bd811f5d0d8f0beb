// `arc post`: posts a message as an agent.

import { MESSAGE_KINDS } from '../../protocol/kinds.js'
import { agentArguments, signedIn } from '../agent-arguments.js'
import { oneOf, text, usageError, wholeNumber } from '../arguments.js'
import { contentArguments, contentFrom } from '../body.js'
import { command } from '../command.js'
import { show } from '../output.js'
import { sayWhetherThere, withoutRecipient } from '../recipient.js'

const args = {
  ...agentArguments,
  channel: { type: 'string', description: 'Where to post (default general)', valueHint: 'name' },
  to: { type: 'string', description: 'Send a direct message to this agent instead', valueHint: 'agent' },
  kind: { type: 'string', description: 'chat (default), notice, task, artifact, …', valueHint: 'kind' },
  'thread-id': { type: 'string', description: 'The thread that it belongs to', valueHint: 'id' },
  'reply-to': { type: 'string', description: 'The message that it answers', valueHint: 'id' },
  'expect-known': {
    type: 'boolean',
    description: 'Post nothing if the addressee has never signed in',
  },
  fyi: { type: 'boolean', description: 'It needs no reply: it wakes nobody' },
  ...contentArguments,
} as const

export default command({
  args,
  examples: [
    ['arc post --agent me "I take the parser"', 'to everyone, in general'],
    ['arc post --agent me --to bob "your turn"', 'to bob alone'],
    ['arc post --agent me --to bob --expect-known "hi"', 'only if there is a bob'],
    ['npm test 2>&1 | arc post --agent me', 'what a command says'],
    ['arc post --agent me --attach src/a.ts "look"', 'with the file as it is now'],
    ['arc post --agent me --kind task "mend it"', 'a task for anybody'],
  ],
  async run(given, rawArgs) {
    const options = {
      channel: text(given.channel, 'channel'),
      to: text(given.to, 'to'),
      kind: oneOf(given.kind?.toLowerCase(), 'kind', MESSAGE_KINDS),
      threadId: text(given['thread-id'], 'thread-id'),
      replyTo: wholeNumber(given['reply-to'], 'reply-to', 0, Number.MAX_SAFE_INTEGER),
    }
    const toMustExist = given['expect-known'] || undefined
    if (toMustExist && options.to === undefined) throw usageError('--expect-known goes with --to')
    const { body, attachments } = await contentFrom(given, rawArgs)
    const metadata = given.fyi ? { no_reply: true } : undefined
    const { answer: posted } = await signedIn(given, (client) =>
      client.post(body, { ...options, attachments, toMustExist, metadata }),
    )
    await show(given, withoutRecipient(posted), (texts, row) => texts.message(row))
    sayWhetherThere(posted)
  },
})
