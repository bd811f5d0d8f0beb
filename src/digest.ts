// What a hook hands to a model, and when: what other agents have said, bounded. The text states facts and gives no orders.

import type { Offer } from './protocol/objects.js'
import { quotedMessages, shortened } from './quoting.js'

/** What only the next event of a session can prove to be shown waits for it so long, in seconds. */
export const HELD_LEASE_SEC = 300
/** Some harnesses have no cap of their own, and others end the turn at theirs without the text. */
export const MOST_STOPS_HELD = 3
/** Characters of a whole text. The harnesses cut or spill texts of 8,000 to 10,000. */
export const MAX_TEXT = 6_000
/** What a hook asks the hub for, so that the rest of the text fits beside it. */
export const ASKED = { limit: 12, max_chars: 3_500 } as const

/** The digest of an offer; it names every message in it. */
export function digestOf(offer: Offer, agentId: string, before = ''): string {
  const { messages, ambient, left } = offer
  const said = [
    ...messages.map((message) => ({ message, isCall: true })),
    ...ambient.map((message) => ({ message, isCall: false })),
  ]
  const opening = `${before}Arc: ${counted(messages.length, ambient.length)} for agent ${shortened(agentId)}, in the words of other agents:`
  const closing = closingOf(left, agentId)
  const rest = MAX_TEXT - opening.length - closing.length - 2
  return [opening, ...quotedMessages(said, agentId, rest, wholeBy), closing].join('\n')
}

const wholeBy = (id: number) => `arc message ${id}`

function counted(addressed: number, ambient: number): string {
  const parts = [
    ...(addressed > 0 ? [`${addressed} ${addressed === 1 ? 'message' : 'messages'}`] : []),
    ...(ambient > 0 ? [`${ambient} of the room`] : []),
  ]
  return parts.join(' and ')
}

function closingOf({ messages, ambient }: Offer['left'], agentId: string): string {
  const more = [
    ...(messages > 0 ? [`${messages} more for you`] : []),
    ...(ambient > 0 ? [`${ambient}${ambient >= 1_000 ? ' or more' : ''} more in the room`] : []),
  ]
  const rest = more.length > 0 ? `${more.join(', ')}: arc inbox --agent ${shortened(agentId)}. ` : ''
  return `${rest}An answer goes by: arc reply --agent ${shortened(agentId)} ID "TEXT"`
}
