// `arc poll`: what is new for an agent. It goes on where the agent stood, by the agent's mailbox (PROTOCOL §18): a message counts
// as shown when it has been printed and has left this process. A view of the feed (`--all`, `--channel`, …) marks nothing.

import { ArcError } from '../../protocol/errors.js'
import { MAX_POLL_SEC } from '../../protocol/limits.js'
import type { ArcClient } from '../../sdk/client.js'
import type { OfferedMessages, ReceivedMessage } from '../../sdk/options.js'
import { agentArguments, patient, signedIn } from '../agent-arguments.js'
import { seconds, text, usageError, wholeNumber } from '../arguments.js'
import { command } from '../command.js'
import { newest } from '../feed.js'
import { flushed, say, show } from '../output.js'
import { ifSupported } from '../unsupported.js'

const DEFAULT_TIMEOUT_SEC = 30
const DEFAULT_ROWS = 100
const MOST_ROWS = 500
/** Seconds after which the hub offers again what this command did not print, since it was ended. */
const LEASE_SEC = 5

/** A command that has run for so many seconds has found its hub, and waits for a message. */
const WAITS_SEC = 1

const args = {
  ...agentArguments,
  timeout: {
    type: 'string',
    description: `Seconds to wait if nothing is there (default 30, at most ${MAX_POLL_SEC})`,
    valueHint: 'sec',
  },
  limit: {
    type: 'string',
    description: `Messages at most: 1 to ${MOST_ROWS} (default ${DEFAULT_ROWS})`,
    valueHint: 'number',
  },
  ack: { type: 'boolean', description: 'Acknowledge what is printed and addressed to the agent' },
  all: { type: 'boolean', description: 'History: everything from the first message on' },
  tail: { type: 'boolean', description: 'History: the last messages' },
  'since-id': { type: 'string', description: 'History: the messages after this id', valueHint: 'id' },
  channel: { type: 'string', description: 'History of this channel, from --since-id', valueHint: 'name' },
  'thread-id': { type: 'string', description: 'History of this thread, from --since-id', valueHint: 'id' },
  'include-self': { type: 'boolean', description: "History with the agent's own messages" },
} as const

export default command({
  args,
  examples: [
    ['arc poll --agent me', 'what is new; waits 30 s for it'],
    ['arc poll --agent me --timeout 0', 'what is new, without waiting'],
    ['arc poll --agent me --ack', 'and tell the senders that I know'],
    ['arc poll --agent me --tail --limit 5', 'the last five messages, again'],
    ['arc poll --agent me --all --channel build', 'the history of a channel'],
  ],
  async run(given) {
    const timeout = Math.min(seconds(given.timeout, 'timeout') ?? DEFAULT_TIMEOUT_SEC, MAX_POLL_SEC)
    const limit = wholeNumber(given.limit, 'limit', 1, MOST_ROWS)
    const sinceId = wholeNumber(given['since-id'], 'since-id', 0, Number.MAX_SAFE_INTEGER)
    const view = {
      channel: text(given.channel, 'channel'),
      threadId: text(given['thread-id'], 'thread-id'),
      includeSelf: given['include-self'] === true,
    }
    const starts = [given.all && '--all', given.tail && '--tail', sinceId !== undefined && '--since-id']
    const named = starts.filter((name) => typeof name === 'string')
    if (named.length > 1) throw usageError(`${named.join(' and ')} begin at different messages; give one`)
    const isHistory = named.length > 0 || view.includeSelf || (view.channel ?? view.threadId) !== undefined
    if (isHistory && given.ack)
      throw usageError('--ack acknowledges what is new; leave out what asks for history')
    const print = (rows: readonly ReceivedMessage[]) => show(given, rows, (texts) => texts.messages(rows))

    const offerWish = { timeout, limit, via: 'cli', leaseSec: LEASE_SEC }
    const offered = async (client: ArcClient, wish = offerWish) =>
      isHistory ? undefined : ifSupported(client.offer(wish))
    const startedAt = performance.now()
    const { client, answer } = await signedIn(given, offered).catch(async (error: unknown) => {
      const waitedSec = (performance.now() - startedAt) / 1_000
      if (!(error instanceof ArcError) || !error.retryable || waitedSec < WAITS_SEC) throw error
      const client = patient(given)
      return {
        client,
        answer: await offered(client, { ...offerWish, timeout: Math.max(0, timeout - waitedSec) }),
      }
    })
    if (given.tail) return print(await newest(client, view, limit ?? DEFAULT_ROWS))
    if (answer) return answer.result && printOffer(client, answer.result, print, given.ack === true)
    const rows = await client.poll({ ...view, sinceId: sinceId ?? 0, timeout, limit })
    await print(rows)
    const last = rows.at(-1)
    if (!isHistory) sayNoMailbox(given.ack === true, last?.id)
    else if (last && rows.length === (limit ?? DEFAULT_ROWS))
      say(`arc: there may be more; arc poll --since-id ${last.id} goes on`)
  },
})

/** Acknowledges what is addressed to the agent if `ack`. */
async function printOffer(
  client: ArcClient,
  { messages, addressed, left, shown }: OfferedMessages,
  print: (rows: readonly ReceivedMessage[]) => Promise<void>,
  ack: boolean,
): Promise<void> {
  await print(messages)
  await flushed()
  await shown()
  if (ack) await Promise.all([...addressed].map((id) => client.ack(id)))
  const more = left.messages + left.ambient
  if (more > 0) say(`arc: ${more} more to read; arc poll again`)
}

function sayNoMailbox(ack: boolean, lastId: number | undefined): void {
  const next = lastId === undefined ? '' : `; arc poll --since-id ${lastId} goes on after these`
  say(`arc: this hub keeps no mailboxes, so arc poll begins at the first message${next}`)
  if (ack) say('arc: it keeps no receipts, either: nothing was acknowledged')
}
