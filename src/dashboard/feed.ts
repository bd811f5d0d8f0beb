// The messages of the open view. It reads them when the view opens, follows the stream, and reads older ones when the
// reader scrolls up. Messages that arrive during a read are kept and added after it, so each appears exactly once.
//
// A view's messages come from several listings, and of some listings it shows few rows. So it reads each listing back until
// it has enough of them, and shows all down to the id to which every listing was read.

import { signal } from '@preact/signals'
import type { Message, ThreadDetail } from '../protocol/objects.js'
import { get, HubError, Listing } from './api.js'
import { markRead, noteUnread } from './inbox.js'
import { messageOf } from './model/message.js'
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
/** The listings of the open view. */
let sources: readonly Source[] = []

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
    sources = sourcesOf(shown)
    const { rows, from } = (await readThread(shown)) ?? (await readBack(sources, undefined, FIRST_ROWS))
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
function sourcesOf({ kind, name }: View): Source[] {
  const all = () => true
  switch (kind) {
    case 'channel':
      return [{ listing: new Listing('/v1/messages', { channel: name }), keep: all }]
    case 'thread':
      return [
        { listing: new Listing('/v1/messages', { thread_id: name }), keep: all },
        { listing: inboxOf(me.value), keep: ({ thread_id: id }) => id === name },
      ]
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

interface Part {
  readonly rows: readonly Message[]
  /** As in `Stretch`. */
  readonly from: number
}

/**
 * A whole thread, with the direct messages that the operator has got and written in it. Undefined: the view is no thread, or
 * a long one.
 */
async function readThread(shown: View): Promise<Part | undefined> {
  const [said] = shown.kind === 'thread' ? sources : []
  if (!said || (await readOneBack(said, undefined, FIRST_ROWS)).from > 0) return undefined
  try {
    const { messages } = await get<ThreadDetail>(`/v1/threads/${encodeURIComponent(shown.name)}`)
    return { rows: messages.map(messageOf).filter((message) => belongs(shown, message, me.value)), from: 0 }
  } catch (error) {
    if (error instanceof HubError && error.status === 404) return { rows: [], from: 0 }
    if (error instanceof HubError && error.status > 0) return undefined // too large for one answer
    throw error
  }
}

/** The last messages before an id, or of all. */
async function readBack(
  [first, ...others]: readonly Source[],
  id: number | undefined,
  want: number,
): Promise<Part> {
  if (!first) return { rows: [], from: 0 }
  const part = await readOneBack(first, id, want)
  const beside = await Promise.all(others.map((source) => readOneBack(source, id, want, part.from)))
  const parts = [part, ...beside]
  const from = Math.max(...parts.map((one) => one.from))
  const rows = parts.map((one) => one.rows.filter((message) => message.id >= from))
  return { rows: rows.reduce<readonly Message[]>(merged, []), from }
}

/** Not further back than to `floor`. */
async function readOneBack(
  { listing, keep }: Source,
  id: number | undefined,
  want: number,
  floor = 0,
): Promise<Part> {
  let kept: Message[] = []
  let from = id ?? Number.POSITIVE_INFINITY
  for (let page = 0; page < MAX_PAGES && kept.length < want && from > floor; page++) {
    const before = from === Number.POSITIVE_INFINITY ? undefined : from
    const { rows, fromStart } = await listing.before(before, page === 0 ? want : PAGE_ROWS)
    kept = [...rows.filter(keep), ...kept]
    from = fromStart ? 0 : (rows[0]?.id ?? 0)
  }
  return { rows: kept, from }
}

/** Reads the messages before the first one of the stretch. */
export async function readOlder(): Promise<void> {
  const { from } = stretch.value
  if (isReadingMore || from === 0) return
  isReadingMore = true
  const turn = opening
  try {
    const older = await readBack(sources, from, MORE_ROWS)
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
