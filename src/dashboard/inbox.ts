// The operator's unread direct messages. A message is read once the inbox or the conversation with its sender showed it. The
// browser keeps the id up to which all are read, for each hub (by its instance id) and operator.

import { computed, signal } from '@preact/signals'
import type { Message } from '../protocol/objects.js'
import { Listing } from './api.js'
import type { View } from './model/views.js'
import { hub, me } from './room.js'

const MAX_UNREAD = 500

/** Sender by message id. */
const unread = signal<ReadonlyMap<number, string>>(new Map())
let newestId = 0

export const unreadCount = computed(() => unread.value.size)
export const unreadBySender = computed(() => {
  const counts = new Map<string, number>()
  for (const sender of unread.value.values()) counts.set(sender, (counts.get(sender) ?? 0) + 1)
  return counts
})

/** Reads the direct messages that arrived while the page was closed. @throws HubError */
export async function readUnread(): Promise<void> {
  unread.value = new Map()
  newestId = recall()
  const inbox = new Listing(`/v1/inbox/${encodeURIComponent(me.value)}`)
  const { rows } = await inbox.before(undefined, MAX_UNREAD)
  noteUnread(rows)
}

export function noteUnread(messages: readonly Message[]): void {
  const fresh = messages.filter(
    ({ to_agent: to, from_agent: from, id }) => to === me.value && from !== me.value && id > newestId,
  )
  if (fresh.length === 0) return
  newestId = fresh.at(-1)?.id ?? newestId
  const entries = fresh.map(({ id, from_agent: from }): [number, string] => [id, from])
  unread.value = new Map([...unread.value, ...entries].slice(-MAX_UNREAD))
}

/** Marks the messages of this view as read, unless the page is hidden. */
export function markRead({ kind, name }: View): void {
  if (document.hidden || (kind !== 'inbox' && kind !== 'direct')) return
  const left = [...unread.value].filter(([, sender]) => kind === 'direct' && sender !== name)
  if (left.length < unread.value.size) unread.value = new Map(left)
  const oldest = left[0]?.[0]
  store(oldest === undefined ? newestId : oldest - 1)
}

const keyOf = () => `arc-read ${hub.value?.instance_id} ${me.value}`

function recall(): number {
  try {
    return Number(localStorage.getItem(keyOf()) ?? 0) || 0
  } catch {
    return 0
  }
}

function store(id: number): void {
  try {
    if (id > recall()) localStorage.setItem(keyOf(), String(id))
  } catch {
    // the browser keeps nothing: at the next load all are unread again
  }
}
