// The feed. It draws a bounded number of rows of the view's messages: the last ones while the reader is at the end, else
// those around the reader's place, and more as they scroll. The row that the reader looks at keeps its place while rows
// appear and disappear above and below it.

import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { Message } from '../../protocol/objects.js'
import {
  feedError,
  feedState,
  isAtEnd,
  load,
  newBelow,
  readNext,
  readOlder,
  stretch,
  target,
  topId,
  view,
} from '../feed.js'
import { jsonText } from '../model/json.js'
import { beginning } from '../model/text.js'
import { dayOf } from '../model/times.js'
import { isFound, kindFilter, needle } from '../page-state.js'
import { displayNames } from '../room.js'
import { Guard } from './guard.js'
import { Icon } from './icon.js'
import { isTask, MessageRow } from './message.js'

/** Rows while the feed follows the end; the most rows; the rows of one step. */
const END_ROWS = 120
const MAX_ROWS = 300
const STEP_ROWS = 80
/** Pixels from an end of the drawn rows at which the feed draws more. */
const NEAR_PX = 800
const AT_END_PX = 48
const ERROR_CHARS = 1_000
/** Characters of attachments that the search looks through. */
const FOUND_CHARS = 1_000_000
/** Messages of one agent within this time share one header. */
const GROUP_MS = 5 * 60_000

export function Feed(): JSX.Element | null {
  const scroller = useRef<HTMLDivElement>(null)
  const anchor = useRef<{ id: string; offset: number } | undefined>(undefined)

  const isFiltered = needle.value !== '' || kindFilter.value !== ''
  const all = stretch.value.messages
  const shown = isFiltered ? all.filter(isShown) : all
  const from = firstRow(shown, isAtEnd.value ? undefined : topId.value)
  const rows = shown.slice(from, from + MAX_ROWS)
  const hasMoreBelow = from + rows.length < shown.length || !stretch.value.toEnd

  const settle = () => {
    const box = scroller.current
    if (!box) return
    const aim = box.querySelector<HTMLElement>(`.message[data-id="${target.value}"]`)
    if (aim) {
      target.value = undefined
      aim.scrollIntoView({ block: 'center' })
      aim.focus({ preventScroll: true })
      anchor.current = { id: aim.dataset.id ?? '', offset: aim.getBoundingClientRect().top }
    } else if (isAtEnd.value) box.scrollTop = box.scrollHeight
    else if (anchor.current) {
      const row = box.querySelector(`[data-id="${anchor.current.id}"]`)
      if (row) box.scrollTop += row.getBoundingClientRect().top - anchor.current.offset
    }
  }

  const look = () => {
    const box = scroller.current
    if (!box || feedState.value !== 'ready') return
    const below = box.scrollHeight - box.scrollTop - box.clientHeight
    if (below < AT_END_PX && !hasMoreBelow) {
      isAtEnd.value = true
      newBelow.value = 0
    } else if (isAtEnd.value) {
      isAtEnd.value = false
      topId.value = rows[0]?.id
    }
    anchor.current = firstVisible(box)
    if (box.scrollTop < NEAR_PX) {
      if (from === 0 && !isFiltered) void readOlder()
      else if (!isAtEnd.value) topId.value = shown[Math.max(0, from - STEP_ROWS)]?.id
    } else if (below < NEAR_PX && hasMoreBelow) {
      if (from + rows.length < shown.length) topId.value = shown[from + STEP_ROWS]?.id
      else if (!isFiltered) void readNext()
    }
  }

  void target.value // draws again when it is set
  useLayoutEffect(settle)
  // If messages arrive while the reader is at an edge, they are drawn there, although nobody scrolls.
  useEffect(look)
  useEffect(() => {
    const box = scroller.current
    const list = box?.firstElementChild
    if (!box || !list) return
    // Rows change their height when code gets its colours or a long text unfolds.
    const observer = new ResizeObserver(settle)
    observer.observe(list)
    observer.observe(box)
    return () => observer.disconnect()
  }, [])

  const jump = () => {
    if (stretch.value.toEnd) {
      isAtEnd.value = true
      newBelow.value = 0
    } else void load()
  }

  return (
    <div class="feed">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by the keyboard too */}
      <div class="scroller" ref={scroller} onScroll={look} tabIndex={0} role="log" aria-label="Messages">
        <ol class="messages">
          {stretch.value.from === 0 && from === 0 && !isFiltered && shown.length > 0 && (
            <li class="beginning">The beginning</li>
          )}
          {isFiltered && <FilterLine found={shown.length} of={all.length} />}
          {rows.map((message, i) => (
            <Row key={message.id} message={message} before={rows[i - 1]} />
          ))}
        </ol>
        <Emptiness isEmpty={shown.length === 0} isFiltered={isFiltered} />
      </div>
      {!isAtEnd.value && (
        <button type="button" class={newBelow.value > 0 ? 'to-end to-end-new' : 'to-end'} onClick={jump}>
          <Icon name="down" />
          {newBelow.value > 0 ? `${newBelow.value} new below` : 'To the newest'}
        </button>
      )}
    </div>
  )
}

function firstRow(shown: readonly Message[], topId: number | undefined): number {
  const lastStart = Math.max(0, shown.length - END_ROWS)
  if (topId === undefined) return lastStart
  const index = shown.findIndex((message) => message.id >= topId)
  return index === -1 ? lastStart : index
}

function firstVisible(box: HTMLElement): { id: string; offset: number } | undefined {
  const top = box.getBoundingClientRect().top
  for (const row of box.querySelectorAll<HTMLElement>('[data-id]')) {
    const { bottom, top: offset } = row.getBoundingClientRect()
    if (bottom > top) return { id: row.dataset.id ?? '', offset }
  }
  return undefined
}

function isShown(message: Message): boolean {
  const { kind, from_agent: from, body, thread_id: thread, attachments } = message
  if (kindFilter.value !== '' && kind !== kindFilter.value) return false
  if (isFound(from, displayNames.value.get(from), body, kind, thread)) return true
  return attachments.length > 0 && isFound(jsonText(attachments, { chars: FOUND_CHARS }).text)
}

function Row({ message, before }: { message: Message; before: Message | undefined }): JSX.Element | null {
  const atMs = Date.parse(message.ts)
  const day = dayOf(atMs)
  const isNewDay = before === undefined || dayOf(Date.parse(before.ts)) !== day
  const isGrouped =
    !isNewDay &&
    before.from_agent === message.from_agent &&
    before.to_agent === message.to_agent &&
    before.kind === message.kind &&
    !isTask(message) &&
    before.thread_id === message.thread_id &&
    message.reply_to === null &&
    atMs - Date.parse(before.ts) < GROUP_MS
  return (
    <>
      {isNewDay && (
        <li class="day">
          <span>{day}</span>
        </li>
      )}
      <Guard of={message} what="message">
        <MessageRow message={message} isGrouped={isGrouped} view={view.value} />
      </Guard>
    </>
  )
}

function FilterLine({ found, of }: { found: number; of: number }): JSX.Element | null {
  return (
    <li class="filter-line">
      <span>
        {found} of {of} messages
      </span>
      {stretch.value.from > 0 && (
        <button type="button" class="button" onClick={() => void readOlder()}>
          Look further back
        </button>
      )}
      {!stretch.value.toEnd && (
        <button type="button" class="button" onClick={() => void readNext()}>
          Look at newer ones
        </button>
      )}
      <button
        type="button"
        class="button"
        onClick={() => {
          needle.value = ''
          kindFilter.value = ''
        }}
      >
        Show all
      </button>
    </li>
  )
}

function Emptiness({ isEmpty, isFiltered }: { isEmpty: boolean; isFiltered: boolean }): JSX.Element | null {
  if (feedState.value === 'failed') return <p class="empty">{beginning(feedError.value, ERROR_CHARS)}</p>
  const isReading = feedState.value === 'reading' || stretch.value.from > 0
  if (isReading || !isEmpty || isFiltered) return null
  return <p class="empty">Nothing has been said here yet.</p>
}
