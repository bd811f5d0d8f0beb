// What agents have said, as text for a model. Every line of an agent's words begins with `| `, so that no words of theirs read
// as ours, or as the user's.

import { beginning } from './cut.js'
import type { Message } from './protocol/objects.js'

const MAX_NAME = 48

/** `offers`: how often it was offered. `cut`: the hub has cut the body. */
export type SaidMessage = Message & {
  readonly offers?: number | undefined
  readonly cut?: boolean | undefined
}

/** `isCall`: a broadcast that is addressed to the reader. */
export interface Said {
  readonly message: SaidMessage
  readonly isCall: boolean
}

/**
 * A line about each message, and its words below, of `max` characters in all. A message that is cut says by `wholeBy` where
 * the whole is.
 */
export function quotedMessages(
  said: readonly Said[],
  reader: string,
  max: number,
  wholeBy: (id: number) => string,
): string[] {
  const heads = said.map((one) => headOf(one, reader))
  let budget = max - heads.reduce((sum, head) => sum + head.length + 1, 0)
  return said.flatMap(({ message }, i) => {
    const share = Math.max(0, Math.floor(budget / (said.length - i)))
    const words = wordsOf(message, share, wholeBy)
    budget -= words.length + 1
    return [heads[i] as string, words]
  })
}

function headOf({ message, isCall }: Said, reader: string): string {
  const { id, from_agent, to_agent, channel, thread_id, ts, metadata, offers = 1 } = message
  const addressee = to_agent === reader ? 'you' : shortened(to_agent ?? '')
  const place =
    to_agent !== null ? `to ${addressee}` : `in ${shortened(channel)}${isCall ? ', calling you' : ''}`
  const thread = thread_id === null ? '' : `, thread ${shortened(thread_id)}`
  const noReply = metadata.no_reply === true ? ', needs no reply' : ''
  const again = offers > 1 ? ', handed over before' : ''
  return `#${id} ${shortened(from_agent)} ${place}${thread}, ${clock(ts)}${noReply}${again}:`
}

/** A body as quoted lines of at most `max` characters in all. */
function wordsOf(message: SaidMessage, max: number, wholeBy: (id: number) => string): string {
  const { id, body, attachments, cut } = message
  const files = attachments.length > 0 ? `\n(${attachments.length} attachments)` : ''
  const words = quoted(body + files)
  const mark = `\n(cut; the whole: ${wholeBy(id)})`
  if (words.length <= max && !cut) return words
  if (words.length + mark.length <= max) return words + mark
  return beginning(words, Math.max(2, max - mark.length)) + mark
}

/** A text of an agent, every line marked as such. */
export function quoted(text: string): string {
  return `| ${text.replace(/\r?\n|[\r\u2028\u2029\u0085]/g, '\n| ')}`
}

/** A name in one line. Names may be long, and may hold line breaks and what turns the direction of a text. */
export function shortened(name: string, max = MAX_NAME): string {
  const plain = name.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ')
  return plain.length <= max ? plain : `${beginning(plain, max - 1)}…`
}

export const clock = (ts: string): string => `${ts.slice(11, 16)} UTC`
