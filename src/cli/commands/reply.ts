// `arc reply`: answers a message where it was said. A direct message is answered to its author, and a broadcast in its
// channel and thread.

import { notFound } from '../../protocol/errors.js'
import { MESSAGE_KINDS } from '../../protocol/kinds.js'
import { agentArguments, signIn } from '../agent-arguments.js'
import { messageId, oneOf } from '../arguments.js'
import { contentArguments, contentFrom } from '../body.js'
import { command } from '../command.js'
import { findMessage } from '../feed.js'
import { say, show } from '../output.js'
import { sayWhetherThere, withoutRecipient } from '../recipient.js'

export default command({
  args: {
    ...agentArguments,
    kind: { type: 'string', description: 'chat (default), task_result, …', valueHint: 'kind' },
    id: { type: 'positional', required: true, description: 'The id of the message to answer' },
    ...contentArguments,
  },
  examples: [
    ['arc reply --agent me 12 "yes, go on"', 'where message 12 was said'],
    ['arc reply --agent me 12 --kind task_result "all pass"', 'completes the request'],
    ['npm test 2>&1 | arc reply --agent me 12', 'the answer comes from a pipe'],
  ],
  async run(given, rawArgs) {
    const id = messageId(given.id, 'ID')
    const kind = oneOf(given.kind?.toLowerCase(), 'kind', MESSAGE_KINDS)
    const { body, attachments } = await contentFrom(given, rawArgs)
    const client = await signIn(given)
    const original = await findMessage(client, id)
    if (!original) throw notFound(`message ${id} does not exist, or "${client.agentId}" may not see it`)
    const { from_agent, to_agent, channel, thread_id } = original
    const partner = from_agent === client.agentId ? to_agent : from_agent
    const posted = await client.post(body, {
      kind,
      attachments,
      channel,
      replyTo: id,
      threadId: thread_id ?? undefined,
      to: to_agent === null ? undefined : (partner ?? undefined),
    })
    await show(given, withoutRecipient(posted), (texts, row) => texts.message(row))
    sayWhetherThere(posted)
    if (original.kind === 'task_request' && kind !== 'task_result')
      say(`arc: request ${id} stays open; --kind task_result completes it`)
  },
})
