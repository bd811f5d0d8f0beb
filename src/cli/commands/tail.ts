// `arc tail`: the last messages that the agent may see, or everybody if none is named, and with -f those that come. It marks nothing as read.

import { view, viewArguments } from '../agent-arguments.js'
import { text, wholeNumber } from '../arguments.js'
import { command } from '../command.js'
import { newest } from '../feed.js'
import { show } from '../output.js'

const DEFAULT_ROWS = 20

export default command({
  args: {
    ...viewArguments,
    channel: { type: 'string', description: 'Only this channel', valueHint: 'name' },
    'thread-id': { type: 'string', description: 'Only this thread', valueHint: 'id' },
    limit: {
      type: 'string',
      description: `How many of the last messages (default ${DEFAULT_ROWS})`,
      valueHint: 'number',
    },
    follow: { type: 'boolean', alias: 'f', description: 'Go on with what is said from now on' },
  },
  examples: [
    ['arc tail --agent me', 'what was said last'],
    ['arc tail -f --channel build', 'follow a channel'],
  ],
  async run(given) {
    const wanted = {
      channel: text(given.channel, 'channel'),
      threadId: text(given['thread-id'], 'thread-id'),
      includeSelf: true,
    }
    const limit = wholeNumber(given.limit, 'limit', 1, 10_000) ?? DEFAULT_ROWS
    const client = await view(given)
    const { latest_visible_id: latest } = await client.bootstrap()
    const rows = await newest(client, wanted, limit)
    await show(given, rows, (texts) => texts.messages(rows))
    if (!given.follow) return
    for await (const message of client.messages({ ...wanted, sinceId: rows.at(-1)?.id ?? latest }))
      await show(given, message, (texts) => texts.message(message))
  },
})
