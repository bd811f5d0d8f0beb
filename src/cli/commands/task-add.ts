// `arc task add`: posts a task. Its first line is its title.

import { agentArguments, signIn } from '../agent-arguments.js'
import { text, wholeNumber } from '../arguments.js'
import { contentArguments, contentFrom } from '../body.js'
import { command } from '../command.js'
import { show } from '../output.js'
import { sayWhetherThere, withoutRecipient } from '../recipient.js'

export default command({
  args: {
    ...agentArguments,
    to: { type: 'string', description: 'The agent that shall do it (default: anyone)', valueHint: 'agent' },
    channel: { type: 'string', description: 'Where to post it (default general)', valueHint: 'name' },
    'thread-id': { type: 'string', description: 'The thread that it belongs to', valueHint: 'id' },
    parent: { type: 'string', description: 'The task of which it is a part', valueHint: 'id' },
    ...contentArguments,
  },
  examples: [
    ['arc task add --agent me "mend the parser"', 'for whoever takes it'],
    ['arc task add --agent me --to bob "test it"', 'for bob'],
    ['arc task add --agent me --parent 7 "its tests"', 'a part of task 7'],
  ],
  async run(given, rawArgs) {
    const options = {
      to: text(given.to, 'to'),
      channel: text(given.channel, 'channel'),
      threadId: text(given['thread-id'], 'thread-id'),
      parentTaskId: wholeNumber(given.parent, 'parent', 1, Number.MAX_SAFE_INTEGER),
    }
    const { body, attachments } = await contentFrom(given, rawArgs)
    const client = await signIn(given)
    const posted = await client.createTask(body, { ...options, attachments })
    await show(given, withoutRecipient(posted), (texts, row) => texts.message(row))
    sayWhetherThere(posted)
  },
})
