// The tools that look at the room: who is here, a thread, a message.

import { z } from 'zod'
import { beginning } from '../../cut.js'
import type { Message } from '../../protocol/objects.js'
import { clock, quoted, quotedMessages, shortened } from '../../quoting.js'
import type { ArcClient } from '../../sdk/client.js'
import { agentText, leaseLines, roomText, taskLines } from '../texts.js'
import { id, MAX_TEXT, tool, wholeBy } from '../tool.js'

/** Characters of a body in one answer. */
const PAGE_CHARS = 16_000
const THREADS = 20

export const who = tool({
  name: 'arc_who',
  description: 'Who is here, what they hold, channels; or one agent: its tasks, holds, last message.',
  input: z.strictObject({ agent: z.string().optional() }),
  isReadOnly: true,
  isIdempotent: true,
  run: async ({ agent: name }, { agent: { client }, signal }) =>
    name === undefined ? roomText(client, signal) : agentText(await client.agent(name, { signal })),
})

export const message = tool({
  name: 'arc_message',
  description: 'One message whole, and who has seen it.',
  input: z.strictObject({ id, from: z.int().min(0).optional().describe('character to begin at') }),
  isReadOnly: true,
  isIdempotent: true,
  async run({ id, from = 0 }, { agent: { client }, signal }) {
    const found = await client.message(id, { signal })
    const receipts = await client.receipts(id, { signal })
    const whole = wholeOf(found)
    const page = beginning(whole.slice(from), PAGE_CHARS)
    const left = whole.length - from - page.length
    const seen = receipts.map((row) => `${shortened(row.agent_id)}: ${row.state}`)
    const { from_agent, to_agent, channel, kind, thread_id, reply_to, ts } = found
    const facts = [
      `#${id} ${shortened(from_agent)} ${to_agent === null ? `in ${shortened(channel)}` : `to ${shortened(to_agent)}`}`,
      kind,
      ...(thread_id === null ? [] : [`thread ${shortened(thread_id)}`]),
      ...(reply_to === null ? [] : [`answers #${reply_to}`]),
      clock(ts),
    ]
    return [
      `${facts.join(', ')}:`,
      quoted(page),
      ...(left > 0 ? [`(${left} more characters: arc_message id ${id} from ${from + page.length})`] : []),
      ...(seen.length > 0 ? [`Seen: ${seen.join(', ')}`] : []),
    ].join('\n')
  },
})

function wholeOf({ body, attachments }: Message): string {
  const parts = attachments.map((attachment) => {
    const { type, ...fields } = attachment as Readonly<Record<string, unknown>>
    const { content, ...about } = fields
    const text = content === undefined || typeof content === 'string' ? content : JSON.stringify(content)
    return `[${type}] ${JSON.stringify(about)}${text === undefined ? '' : `\n${text}`}`
  })
  return [body, ...parts].join('\n')
}

export const thread = tool({
  name: 'arc_thread',
  description: 'A thread: its tasks, holds and last messages. Without id: the latest threads.',
  input: z.strictObject({ id: z.string().optional(), messages: z.number().min(1).max(50).default(10) }),
  isReadOnly: true,
  isIdempotent: true,
  async run({ id, messages }, { agent: { client }, signal }) {
    if (id !== undefined) return threadText(client, id, messages, signal)
    const threads = (await client.listThreads({ signal })).slice(0, THREADS)
    if (threads.length === 0) return 'There are no threads. arc_post or arc_tasks with "thread" begins one.'
    return threads
      .map((row) => {
        const { thread_id, status, message_count, open_task_count } = row
        return `${shortened(thread_id, 200)}: ${status}, ${message_count} messages, ${open_task_count} open tasks`
      })
      .join('\n')
  },
})

export async function threadText(
  client: ArcClient,
  id: string,
  count: number,
  signal?: AbortSignal,
): Promise<string> {
  const { thread, messages, tasks, claims, locks } = await client.getThread(id, { signal })
  const last = messages.slice(-count)
  const open = tasks.filter(({ status }) => status === 'open')
  const lines = [
    `Thread ${shortened(id, 200)}: ${thread.status}, ${messages.length} messages, ${open.length} of ${tasks.length} tasks open`,
    ...(open.length > 0 ? ['Open tasks:', ...taskLines(open)] : []),
    ...leaseLines([...claims, ...locks]),
    `The last messages (${last.length}):`,
  ]
  const said = last.map((message) => ({ message, isCall: false }))
  const rest = Math.max(MAX_TEXT / 2, MAX_TEXT - lines.join('\n').length)
  return [...lines, ...quotedMessages(said, client.agentId, rest, wholeBy)].join('\n')
}
