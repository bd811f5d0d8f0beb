// The messages of the open view. It reads them when the view opens, follows the stream, and reads older ones when the
// reader scrolls up. Messages that arrive during a read are kept and added after it, so each appears exactly once.
//
// A view's messages come from several listings, and of some listings it shows few rows. So it reads each listing back until
// it has enough of them, and shows all down to the id to which every listing was read.

import { signal } from '@preact/signals'
import type { Message } from '../protocol/objects.js'
import { HubError, Listing } from './api.js'
import { markRead, noteUnread } from './inbox.js'
import { EMPTY, merged, type Stretch, withNewer, withNext, withOlder } from './model/stretch.js'
import { belongs, hashOf, isSame, type View, viewOf } from './model/views.js'
import { needle } from './page-state.js'
import { me } from './room.js'

/** Rows of the first read of a view, and of each step into the past. */
const FIRST_ROWS = 150
const MORE_ROWS = 200
/** Rows of a further page of a listing whose rows the view does not show, and the most pages of one step. */
const PAGE_ROWS = 500
const MAX_PAGES = 8
/** The most agents whose inboxes it reads for a thread. */
const MAX_PEERS = 8
const MAX_HASH_CHARS = 50_000

export const view = signal<View>(viewOf(location.hash))
export const stretch = signal<Stretch>(EMPTY)
export const feedState = signal<'reading' | 'ready' | 'failed'>('reading')
export const feedError = signal('')
/** Messages that arrived at the end while the reader was further up. */
export const newBelow = signal(0)
/** True while the end of the feed is on screen. The feed then follows new messages. */
export const isAtEnd = signal(true)
/** The first row that is drawn while the end is not on screen. */
export const topId = signal<number | undefined>(undefined)
/** The message that gets the focus when it is drawn. */
export const target = signal<number | undefined>(undefined)
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

/** What the operator has typed for a view and not sent, and the message that it answers. */
interface Draft {
  readonly text: string
  readonly answers: Message | undefined
}

/** The text in the composer. */
export const draft = signal('')
/** By the address of their view. */
const drafts = new Map<string, Draft>()

function show(next: View): void {
  if (draft.value !== '' || replyTo.value) keepDraft(view.value, draft.value)
  const { text = '', answers } = drafts.get(hashOf(next)) ?? {}
  drafts.delete(hashOf(next))
  // The activity picture has no field to search in.
  if (next.kind === 'activity') needle.value = ''
  view.value = next
  draft.value = text
  replyTo.value = answers
  void load()
}

/** Keeps a text until its view opens again. */
export function keepDraft(of: View, text: string, answers = replyTo.value): void {
  drafts.set(hashOf(of), { text, answers })
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
    const { rows, from } = await readBack(await sourcesOf(shown), undefined, FIRST_ROWS)
    if (turn !== opening) return
    stretch.value = withNewer({ ...EMPTY, from }, merged(rows, cameMeanwhile), 'start')
    feedState.value = 'ready'
    markRead(shown)
  } catch (error) {
    if (turn !== opening) return
    feedState.value = 'failed'
    feedError.value = error instanceof HubError ? error.message : String(error)
  }
}

/** The operator sees the view now. */
export function seen(): void {
  if (feedState.value === 'ready') markRead(view.value)
}

document.addEventListener('visibilitychange', seen)

/** A listing, and which of its rows the view shows. */
interface Source {
  readonly listing: Listing
  readonly keep: (message: Message) => boolean
}

const inboxOf = (agent: string) => new Listing(`/v1/inbox/${encodeURIComponent(agent)}`)

/** The listings whose messages make up a view. What the operator has written to an agent is in the agent's inbox. */
async function sourcesOf({ kind, name }: View): Promise<Source[]> {
  const all = () => true
  switch (kind) {
    case 'channel':
      return [{ listing: new Listing('/v1/messages', { channel: name }), keep: all }]
    case 'thread': {
      const mine = { listing: inboxOf(me.value), keep: ({ thread_id: id }: Message) => id === name }
      return [
        { listing: new Listing('/v1/messages', { thread_id: name }), keep: all },
        mine,
        ...(await peersIn(mine)).map((agent) => ({
          listing: inboxOf(agent),
          keep: ({ from_agent: from, thread_id: id }: Message) => from === me.value && id === name,
        })),
      ]
    }
    case 'inbox':
      return [{ listing: inboxOf(me.value), keep: all }]
    case 'direct':
      return [
        { listing: inboxOf(me.value), keep: ({ from_agent: from }) => from === name },
        { listing: inboxOf(name), keep: ({ from_agent: from }) => from === me.value },
      ]
    case 'activity':
      return []
  }
}

/** The agents that have written to the operator in a thread lately. */
async function peersIn(mine: Source): Promise<string[]> {
  const { rows } = await readOneBack(mine, undefined, FIRST_ROWS)
  return [...new Set(rows.map(({ from_agent: from }) => from))].slice(-MAX_PEERS)
}

interface Part {
  readonly rows: readonly Message[]
  /** As in `Stretch`. */
  readonly from: number
}

/** The last messages before an id, or of all. */
async function readBack(sources: readonly Source[], id: number | undefined, want: number): Promise<Part> {
  const parts = await Promise.all(sources.map((source) => readOneBack(source, id, want)))
  const from = Math.max(0, ...parts.map((part) => part.from))
  const rows = parts.map((part) => part.rows.filter((message) => message.id >= from))
  return { rows: rows.reduce<readonly Message[]>(merged, []), from }
}

async function readOneBack({ listing, keep }: Source, id: number | undefined, want: number): Promise<Part> {
  let kept: Message[] = []
  let from = id
  for (let page = 0; page < MAX_PAGES && kept.length < want; page++) {
    const { rows, fromStart } = await listing.before(from, page === 0 ? want : PAGE_ROWS)
    kept = [...rows.filter(keep), ...kept]
    if (fromStart) return { rows: kept, from: 0 }
    from = rows[0]?.id
  }
  return { rows: kept, from: from ?? 0 }
}

/** Reads the messages before the first one of the stretch. */
export async function readOlder(): Promise<void> {
  const { from } = stretch.value
  if (isReadingMore || from === 0) return
  isReadingMore = true
  const turn = opening
  try {
    const older = await readBack(await sourcesOf(view.value), from, MORE_ROWS)
    if (turn === opening) stretch.value = withOlder(stretch.value, older.rows, older.from)
  } catch {
    // the connection is lost, and a banner says so; the next scroll tries again
  } finally {
    isReadingMore = false
  }
}

/** Reads the messages after the last one of the stretch, if it has forgotten newer ones. */
export async function readNext(): Promise<void> {
  const last = stretch.value.messages.at(-1)
  if (isReadingMore || !last || stretch.value.toEnd) return
  isReadingMore = true
  const turn = opening
  try {
    const sources = await sourcesOf(view.value)
    let next = await readOn(sources, last.id)
    while (next.rows.length === 0 && next.upTo !== undefined) next = await readOn(sources, next.upTo)
    if (turn === opening) stretch.value = withNext(stretch.value, next.rows, next.upTo === undefined)
  } catch {
    // as above
  } finally {
    isReadingMore = false
  }
}

interface Next {
  readonly rows: readonly Message[]
  /** The id to which every listing was read; undefined if all were read to the end. */
  readonly upTo: number | undefined
}

async function readOn(sources: readonly Source[], id: number): Promise<Next> {
  const parts = await Promise.all(
    sources.map(async ({ listing, keep }) => {
      const rows = await listing.after(id, PAGE_ROWS)
      return { kept: rows.filter(keep), end: rows.length < PAGE_ROWS ? undefined : rows.at(-1)?.id }
    }),
  )
  const ends = parts.flatMap(({ end }) => end ?? [])
  const upTo = ends.length > 0 ? Math.min(...ends) : undefined
  const rows = parts.map(({ kept }) => kept.filter((message) => upTo === undefined || message.id <= upTo))
  return { rows: rows.reduce<readonly Message[]>(merged, []), upTo }
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
