// The stretch: the messages of a view that the page holds, in the order of their ids, without a gap. It is bounded in number
// and in characters. While the reader is at its end, it takes new messages and forgets at the start. While the reader is
// further up, it forgets at the end; then the page only counts new messages. Pure.

import type { Message } from '../../protocol/objects.js'
import { jsonSize } from './json.js'

export interface Stretch {
  readonly messages: readonly Message[]
  /** It has the view's messages from this id on; 0 if the view has no older one. */
  readonly from: number
  /** The view has no newer message, except those that the stream has not sent yet. */
  readonly toEnd: boolean
}

export interface Bounds {
  readonly messages: number
  readonly chars: number
}

export const BOUNDS: Bounds = { messages: 2_000, chars: 12_000_000 }
export const EMPTY: Stretch = { messages: [], from: 0, toEnd: true }

/** The side at which it forgets messages beyond the bounds. */
type Side = 'start' | 'end'

/** Adds messages after the stretch, or inside it. It ignores ids that it has. */
export function withNewer(
  stretch: Stretch,
  rows: readonly Message[],
  forget: Side,
  bounds = BOUNDS,
): Stretch {
  if (rows.length === 0 || !stretch.toEnd) return stretch
  return trimmed({ ...stretch, messages: merged(stretch.messages, rows) }, forget, bounds)
}

/** Adds a page that ends where the stretch begins, and begins at `from`. */
export function withOlder(
  stretch: Stretch,
  rows: readonly Message[],
  from: number,
  bounds = BOUNDS,
): Stretch {
  return trimmed({ ...stretch, from, messages: merged(rows, stretch.messages) }, 'end', bounds)
}

/** Adds a page that begins where the stretch ends. */
export function withNext(
  stretch: Stretch,
  rows: readonly Message[],
  toEnd: boolean,
  bounds = BOUNDS,
): Stretch {
  return trimmed({ ...stretch, toEnd, messages: merged(stretch.messages, rows) }, 'start', bounds)
}

/** Two ascending lists as one, each id once. */
export function merged(a: readonly Message[], b: readonly Message[]): readonly Message[] {
  const lastOfA = a.at(-1)?.id ?? -1
  const firstOfB = b[0]?.id ?? Number.POSITIVE_INFINITY
  if (lastOfA < firstOfB && isAscending(b)) return b.length === 0 ? a : a.length === 0 ? b : [...a, ...b]
  const byId = new Map([...a, ...b].map((message) => [message.id, message]))
  return [...byId.values()].sort((one, other) => one.id - other.id)
}

function isAscending(rows: readonly Message[]): boolean {
  return rows.every((row, i) => i === 0 || (rows[i - 1] as Message).id < row.id)
}

function trimmed(stretch: Stretch, forget: Side, bounds: Bounds): Stretch {
  const { messages } = stretch
  let chars = messages.reduce((sum, message) => sum + sizeOf(message), 0)
  let first = 0
  let last = messages.length
  // It keeps at least one message of any size.
  while (last - first > 1 && (last - first > bounds.messages || chars > bounds.chars)) {
    const gone = messages[forget === 'start' ? first++ : --last]
    chars -= gone ? sizeOf(gone) : 0
  }
  if (first === 0 && last === messages.length) return stretch
  const kept = messages.slice(first, last)
  return {
    messages: kept,
    from: first === 0 ? stretch.from : (kept[0]?.id ?? stretch.from),
    toEnd: stretch.toEnd && last === messages.length,
  }
}

const sizes = new WeakMap<Message, number>()

/** The approximate number of a message's characters. */
export function sizeOf(message: Message): number {
  let size = sizes.get(message)
  if (size === undefined) {
    size = 300 + message.body.length + jsonSize([message.attachments, message.metadata])
    sizes.set(message, size)
  }
  return size
}
