// Reads long listings page by page, so that no answer holds a whole listing (PROTOCOL §5, §7). A hub without pages
// answers with the whole listing and no `next`.

import type { Envelope } from '../protocol/envelope.js'
import type { ThreadSummary } from '../protocol/objects.js'

const PAGE_ROWS = 500

export interface PageOf<T> {
  readonly result: readonly T[]
  readonly envelope: Envelope
}

/** Reads one page. `next` comes from the page before, and is undefined for the first page. */
type ReadPage<T> = (limit: number, next: string | undefined) => Promise<PageOf<T>>

/** Every row, page by page, until `isEnough` is true of a page's last row. */
export async function allPages<T>(readPage: ReadPage<T>, isEnough?: (last: T) => boolean): Promise<T[]> {
  const rows: T[] = []
  for (let next: string | undefined; ; ) {
    const { result, envelope } = await readPage(PAGE_ROWS, next)
    rows.push(...result)
    const last = result.at(-1)
    if (envelope.next === null || envelope.next === undefined || last === undefined) return rows
    if (isEnough?.(last)) return rows
    next = envelope.next
  }
}

/** All threads, newest message first. A thread with a new message moves to the front meanwhile, so the front is read again. */
export async function allThreads(readPage: ReadPage<ThreadSummary>): Promise<ThreadSummary[]> {
  const threads = await allPages(readPage)
  if (threads.length < PAGE_ROWS) return threads
  const newestId = latestOf(threads[0])
  const moved = await allPages(readPage, (last) => latestOf(last) <= newestId)
  const isNewer = (thread: ThreadSummary) => latestOf(thread) > newestId
  const front = moved.filter(isNewer)
  const names = new Set(front.map(({ thread_id }) => thread_id))
  return [...front, ...threads.filter(({ thread_id }) => !names.has(thread_id))]
}

function latestOf(thread: ThreadSummary | undefined): number {
  return thread?.latest_message_id ?? 0
}
