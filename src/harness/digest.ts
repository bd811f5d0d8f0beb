// The text that a hook hands to a model: what other agents have said, bounded. It states facts and gives no orders. Every
// line of an agent's words begins with `| `, so that no words of theirs read as ours, or as the user's.

import type { Offer, OfferedMessage } from '../protocol/objects.js'

/** Characters of a whole text. The harnesses cut or spill texts of 8,000 to 10,000. */
export const MAX_TEXT = 6_000
/** What a hook asks the hub for, so that the rest of the text fits beside it. */
export const ASKED = { limit: 12, max_chars: 3_500 } as const
const MAX_NAME = 48

/** The digest of an offer; it names every message in it. */
export function digestOf(offer: Offer, agentId: string, before = ''): string {
  const { messages, ambient, left } = offer
  const said = [
    ...messages.map((message) => [message, true] as const),
    ...ambient.map((message) => [message, false] as const),
  ]
  const heads = said.map(([message, isAddressed]) => headOf(message, isAddressed))
  const opening = `${before}Arc: ${counted(messages.length, ambient.length)} for agent ${shortened(agentId)}, in the words of other agents:`
  const closing = closingOf(left, agentId)
  const fixed = [opening, ...heads, closing].reduce((sum, line) => sum + line.length + 1, 0)
  let budget = MAX_TEXT - fixed
  const lines = [opening]
  for (const [i, [message]] of said.entries()) {
    const share = Math.max(0, Math.floor(budget / (said.length - i)))
    const words = wordsOf(message, share)
    budget -= words.length + 1
    lines.push(heads[i] as string, words)
  }
  return [...lines, closing].join('\n')
}

function counted(addressed: number, ambient: number): string {
  const parts = [
    ...(addressed > 0 ? [`${addressed} ${addressed === 1 ? 'message' : 'messages'}`] : []),
    ...(ambient > 0 ? [`${ambient} of the room`] : []),
  ]
  return parts.join(' and ')
}

function headOf(
  { id, from_agent, to_agent, channel, thread_id, ts, offers }: OfferedMessage,
  isAddressed: boolean,
): string {
  const place = to_agent !== null ? 'to you' : `in ${shortened(channel)}${isAddressed ? ', calling you' : ''}`
  const thread = thread_id === null ? '' : `, thread ${shortened(thread_id)}`
  const again = offers > 1 ? ', handed over before' : ''
  return `#${id} ${shortened(from_agent)} ${place}${thread}, ${ts.slice(11, 16)} UTC${again}:`
}

/** A body as quoted lines of at most `max` characters in all. */
function wordsOf({ id, body, attachments, cut }: OfferedMessage, max: number): string {
  const files = attachments.length > 0 ? `\n(${attachments.length} attachments)` : ''
  const quoted = `| ${(body + files).replace(/\r?\n|[\r\u2028\u2029\u0085]/g, '\n| ')}`
  const mark = `\n(cut; the whole: arc message ${id})`
  if (quoted.length <= max && !cut) return quoted
  if (quoted.length + mark.length <= max) return quoted + mark
  const kept = quoted.slice(0, Math.max(2, max - mark.length))
  return (/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept) + mark
}

function closingOf({ messages, ambient }: Offer['left'], agentId: string): string {
  const more = [
    ...(messages > 0 ? [`${messages} more for you`] : []),
    ...(ambient > 0 ? [`${ambient}${ambient >= 1_000 ? ' or more' : ''} more in the room`] : []),
  ]
  const rest = more.length > 0 ? `${more.join(', ')}: arc inbox --agent ${shortened(agentId)}. ` : ''
  return `${rest}An answer goes by: arc reply --agent ${shortened(agentId)} ID "TEXT"`
}

/** Names may be long, and may hold line breaks. */
export function shortened(name: string): string {
  const plain = name.replace(/[\p{Cc}\u2028\u2029]/gu, ' ')
  return plain.length <= MAX_NAME ? plain : `${plain.slice(0, MAX_NAME - 1)}…`
}
