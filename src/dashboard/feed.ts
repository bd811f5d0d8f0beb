// The messages of the open view. It reads them when the view opens, follows the stream, and reads older ones when the
// reader scrolls up. Messages that arrive during a read are kept and added after it, so each appears exactly once.

import { signal } from '@preact/signals'
import type { Message } from '../protocol/objects.js'
import { HubError, Listing } from './api.js'
import { markRead, noteUnread } from './inbox.js'
import { EMPTY, merged, type Stretch, withNewer, withNext, withOlder } from './model/stretch.js'
import { belongs, hashOf, isSame, type View, viewOf } from './model/views.js'
import { me } from './room.js'
import { noteTaskTexts } from './task-texts.js'

/** Rows of the first read of a view, and of each step into the past. */
const FIRST_ROWS = 150
const MORE_ROWS = 200
const MAX_HASH_CHARS = 50_000

export const view = signal<View>(viewOf(location.hash))
export const stretch = signal<Stretch>(EMPTY)
export const feedState = signal<'reading' | 'ready' | 'failed'>('reading')
export const feedError = signal('')
/** Messages that arrived at the end while the reader was further up. */
export const newBelow = signal(0)
/** True while the end of the feed is on screen. The feed then follows new messages. */
export const isAtEnd = signal(true)
export const replyTo = signal<Message | undefined>(undefined)

let opening = 0
let cameMeanwhile: Message[] = []
let isReadingMore = false

export function open(next: View): void {
  if (isSame(next, view.value) && feedState.value !== 'failed') return
  const hash = hashOf(next)
  // A browser accepts no address beyond a length. A view with such a name opens without an address.
  if (location.hash === hash || hash.length > MAX_HASH_CHARS) show(next)
  else location.hash = hash // `hashchange` then shows the view
}

function show(next: View): void {
  view.value = next
  replyTo.value = undefined
  void load()
}

addEventListener('hashchange', () => show(viewOf(location.hash)))

/** Reads the view's newest messages. If that fails, `feedState` says so. */
export async function load(): Promise<void> {
  const turn = ++opening
  const shown = view.value
  cameMeanwhile = []
  newBelow.value = 0
  isAtEnd.value = true
  stretch.value = EMPTY
  feedState.value = 'reading'
  if (me.value === '' || shown.kind === 'activity') {
    feedState.value = 'ready'
    return
  }
  try {
    const rows = await newestOf(shown)
    if (turn !== opening) return
    const messages = merged(rows, cameMeanwhile)
    stretch.value = withNewer({ ...EMPTY, fromStart: rows.length < FIRST_ROWS }, messages, 'start')
    feedState.value = 'ready'
    noteTaskTexts(rows)
    markRead(shown)
  } catch (error) {
    if (turn !== opening) return
    feedState.value = 'failed'
    feedError.value = error instanceof HubError ? error.message : String(error)
  }
}

/** The listings whose messages make up a view. */
function listingsOf({ kind, name }: View): { listing: Listing; keep: (message: Message) => boolean }[] {
  const all = () => true
  const inbox = (agent: string) => new Listing(`/v1/inbox/${encodeURIComponent(agent)}`)
  switch (kind) {
    case 'channel':
      return [{ listing: new Listing('/v1/messages', { channel: name }), keep: all }]
    case 'thread':
      return [
        { listing: new Listing('/v1/messages', { thread_id: name }), keep: all },
        { listing: inbox(me.value), keep: (message) => message.thread_id === name },
      ]
    case 'inbox':
      return [{ listing: inbox(me.value), keep: all }]
    case 'direct':
      return [
        { listing: inbox(me.value), keep: (message) => message.from_agent === name },
        { listing: inbox(name), keep: (message) => message.from_agent === me.value },
      ]
    case 'activity':
      return []
  }
}

async function newestOf(shown: View): Promise<readonly Message[]> {
  const parts = await Promise.all(
    listingsOf(shown).map(async ({ listing, keep }) => (await listing.newest(FIRST_ROWS)).filter(keep)),
  )
  return parts.reduce<readonly Message[]>((all, part) => merged(all, part), [])
}

/** Reads the messages before the first one of the stretch. */
export async function readOlder(): Promise<void> {
  const first = stretch.value.messages[0]
  const [source, ...others] = listingsOf(view.value)
  if (isReadingMore || !first || stretch.value.fromStart || !source) return
  isReadingMore = true
  const turn = opening
  try {
    const { rows, fromStart } = await source.listing.before(first.id)
    const kept = rows.filter(source.keep)
    const from = kept[0]?.id ?? 0
    const beside = await Promise.all(
      others.map(async ({ listing, keep }) => (await listing.before(first.id)).rows.filter(keep)),
    )
    const older = beside.flat().filter((message) => fromStart || message.id >= from)
    if (turn === opening) stretch.value = withOlder(stretch.value, merged(kept, older), fromStart)
  } catch {
    // the connection is lost, and a banner says so; the next scroll tries again
  } finally {
    isReadingMore = false
  }
}

/** Reads the messages after the last one of the stretch, if it has forgotten newer ones. */
export async function readNext(): Promise<void> {
  const last = stretch.value.messages.at(-1)
  const [source] = listingsOf(view.value)
  if (isReadingMore || !last || stretch.value.toEnd || !source) return
  isReadingMore = true
  const turn = opening
  try {
    const rows = await source.listing.after(last.id, MORE_ROWS)
    if (turn !== opening) return
    stretch.value = withNext(stretch.value, rows.filter(source.keep), rows.length < MORE_ROWS)
  } catch {
    // as above
  } finally {
    isReadingMore = false
  }
}

/** Messages from the stream, or one that the operator has just posted. */
export function arrived(messages: readonly Message[]): void {
  const concerned = messages.filter((message) => belongs(view.value, message, me.value))
  if (concerned.length > 0) {
    if (feedState.value === 'reading') cameMeanwhile.push(...concerned)
    else {
      const before = stretch.value.messages.at(-1)?.id ?? 0
      const fresh = concerned.filter((message) => message.id > before).length
      if (!isAtEnd.value) newBelow.value += fresh
      stretch.value = withNewer(stretch.value, concerned, isAtEnd.value ? 'start' : 'end')
    }
  }
  noteUnread(messages)
  markRead(view.value)
}
