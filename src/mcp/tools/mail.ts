// The tools for messages: the inbox, posts, questions and answers.

import { z } from 'zod'
import { ArcError } from '../../protocol/errors.js'
import type { Message } from '../../protocol/objects.js'
import { clock, quotedMessages, shortened } from '../../quoting.js'
import type { ArcClient } from '../../sdk/client.js'
import type { OfferedMessages, PostedMessage } from '../../sdk/options.js'
import { type Answer, id, MAX_TEXT, MAX_WAIT_SEC, tool, wait, wholeBy } from '../tool.js'

const MAX_MESSAGES = 20
/** Rows of the feed that are read at a time while an answer is awaited. */
const PAGE_ROWS = 500
/** The kinds of a question and its answer. */
const REQUEST = 'task_request'
const RESULT = 'task_result'
const VIA = 'mcp'
/** A message with it wakes nobody (PROTOCOL §18). */
const NO_REPLY = { no_reply: true }
const fyi = z.boolean().optional()
/** Seconds after which the hub offers again what a server that was killed has not handed over. */
const LEASE_SEC = 10

export const inbox = tool({
  name: 'arc_inbox',
  description:
    'What other agents said since you last looked, each message once. wait: seconds to wait for one. Look between steps of your work, and wait when you have nothing else to do.',
  input: z.strictObject({ wait: wait.default(0), limit: z.number().min(1).max(MAX_MESSAGES).default(10) }),
  isReadOnly: true,
  async run({ wait, limit }, { agent, signal }) {
    await agent.settle()
    const offer = await agent.client.offer({ timeout: wait, limit, via: VIA, leaseSec: LEASE_SEC, signal })
    if (!offer) return wait > 0 ? `Nothing new in ${wait} s.` : 'Nothing new.'
    return {
      text: offerText(offer, agent.id),
      written: () => agent.say(() => offer.shown()),
      dropped: () => agent.say(() => offer.shown(0)),
    } satisfies Answer
  },
})

function offerText({ messages, addressed, left }: OfferedMessages, reader: string): string {
  const said = messages.map((message) => ({ message, isCall: addressed.has(message.id) }))
  const requests = messages.filter(({ kind, to_agent }) => kind === REQUEST && to_agent === reader)
  const more = left.messages + left.ambient
  const closing = [
    ...(requests.length > 0
      ? [`Questions that wait for arc_reply: ${requests.map((row) => `#${row.id}`).join(', ')}`]
      : []),
    ...(more > 0 ? [`${more} more: arc_inbox`] : []),
  ]
  const rest = MAX_TEXT - closing.join('\n').length
  return [...quotedMessages(said, reader, rest, wholeBy), ...closing].join('\n')
}

export const post = tool({
  name: 'arc_post',
  description: 'Say something to one agent (to), or to all in a channel (default general).',
  input: z.strictObject({
    text: z.string(),
    to: z.string().optional(),
    channel: z.string().optional(),
    thread: z.string().optional(),
    create: z.boolean().optional().describe('make the channel'),
    fyi: fyi.describe('needs no reply, wakes nobody'),
  }),
  async run({ text, to, channel, thread, create, fyi }, { agent: { client }, signal }) {
    if (create && channel !== undefined) await client.createChannel(channel, { signal })
    const metadata = fyi ? NO_REPLY : undefined
    const posted = await client
      .post(text, { to, channel, threadId: thread, metadata, toMustExist: to !== undefined, signal })
      .catch((error: unknown) => withChannels(client, error, to === undefined ? channel : undefined))
    return postedText(posted)
  },
})

/** The error, with the channels that there are if the named one is none of them. */
async function withChannels(client: ArcClient, error: unknown, channel: string | undefined): Promise<never> {
  if (!(error instanceof ArcError) || error.status !== 400 || channel === undefined) throw error
  const names = (await client.listChannels()).map(({ name }) => name)
  if (names.includes(channel)) throw error
  const text = `there is no channel "${channel}"; there are ${names.join(', ')}; create: true makes it`
  throw new ArcError(error.code, text, { cause: error })
}

function postedText({ id, to_agent, channel, recipient }: PostedMessage): string {
  if (to_agent === null) return `Posted #${id} in ${shortened(channel)}.`
  return `Posted #${id} to ${shortened(to_agent)}${recipient ? `, who ${whereabouts(recipient)}` : ''}.`
}

function whereabouts({ present, last_seen, unread }: NonNullable<PostedMessage['recipient']>): string {
  if (present) return `is here and has ${unread} unread`
  return `is away${last_seen === null ? '' : ` since ${clock(last_seen)}`} and reads it when it is back`
}

export const ask = tool({
  name: 'arc_ask',
  description: `Ask another agent and wait for its answer, up to ${MAX_WAIT_SEC} s; a later one comes to arc_inbox.`,
  input: z.strictObject({
    to: z.string(),
    text: z.string(),
    thread: z.string().optional(),
    wait: wait.default(MAX_WAIT_SEC),
  }),
  async run({ to, text, thread, wait }, { agent, signal }) {
    const { client } = agent
    const options = { to, kind: REQUEST, threadId: thread, toMustExist: true, signal } as const
    const asked = await client.post(text, options)
    const answer = await answerTo(client, asked, wait, signal)
    if (!answer) {
      const where = asked.recipient ? `; ${shortened(to)} ${whereabouts(asked.recipient)}` : ''
      return `No answer to #${asked.id} in ${wait} s${where}. The question stays open, and its answer comes to arc_inbox. Go on with other work, or wait there.`
    }
    const open = answer.kind === RESULT ? '' : '\n(The question stays open.)'
    const [head, words] = quotedMessages([{ message: answer, isCall: true }], agent.id, MAX_TEXT, wholeBy)
    return {
      text: `${head}\n${words}${open}`,
      written: () => agent.say(() => client.ack(answer.id)), // else the inbox would show it again
    } satisfies Answer
  },
})

/** The reply to a question, if one comes in time. */
async function answerTo(
  client: ArcClient,
  { id, to_agent }: Message,
  waitSec: number,
  signal: AbortSignal,
): Promise<Message | undefined> {
  const deadline = performance.now() + waitSec * 1_000
  for (let sinceId = id; ; ) {
    const timeout = Math.max(0, deadline - performance.now()) / 1_000
    const rows = await client.poll({ sinceId, timeout, limit: PAGE_ROWS, includeSelf: true, signal })
    const found = rows.find(
      (row) => row.reply_to === id && (row.kind === RESULT || row.from_agent === to_agent),
    )
    const last = rows.at(-1)
    if (found || (!last && timeout === 0)) return found
    sinceId = last?.id ?? sinceId
  }
}

export const reply = tool({
  name: 'arc_reply',
  description: 'Answer a message where it was said. It settles a question of arc_ask, unless keep_open.',
  input: z.strictObject({ id, text: z.string(), keep_open: z.boolean().optional(), fyi }),
  async run({ id, text, keep_open, fyi }, { agent: { client }, signal }) {
    const original = await client.message(id, { signal })
    const { from_agent, to_agent, channel, thread_id, kind } = original
    const partner = from_agent === client.agentId ? to_agent : from_agent
    const settles = kind === REQUEST && from_agent !== client.agentId && !keep_open
    const posted = await client.post(text, {
      kind: settles ? RESULT : undefined,
      metadata: fyi && !settles ? NO_REPLY : undefined, // who has asked waits for the answer
      replyTo: id,
      channel,
      threadId: thread_id ?? undefined,
      to: to_agent === null ? undefined : (partner ?? undefined),
      signal,
    })
    return `${postedText(posted)}${settles ? ` Question #${id} is answered.` : ''}`
  },
})
