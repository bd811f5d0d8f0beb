// The keys outside of fields: they move among messages and views, and into the fields.

import { isHelpOpen } from './actions.js'
import { isAtEnd, load, newBelow, open, replyTo, stretch, target, topId, view } from './feed.js'
import { ACTIVITY, INBOX, isRoom, isSame, type View } from './model/views.js'
import { kindFilter, needle, pane } from './page-state.js'
import { channels } from './room.js'

export const KEYS = [
  { label: 'i', does: 'write a message' },
  { label: '/', does: 'write a command' },
  { label: 'f', does: 'find in what is shown' },
  { label: 'j  k', does: 'next and previous message' },
  { label: 'r', does: 'reply to it' },
  { label: 't', does: 'open its thread' },
  { label: 'g', does: 'go to the newest message' },
  { label: 'Alt ↓  ↑', does: 'next and previous channel' },
  { label: 'Esc', does: 'leave a field, end a search' },
  { label: '?', does: 'show this' },
] as const

export function focusComposer(): void {
  pane.value = 'feed'
  // Waits until a view that has just opened is drawn.
  requestAnimationFrame(() => document.getElementById('composer')?.focus())
}

/** Scrolls to a message of the stretch, and focuses it. One that is not drawn is drawn first. */
export function focusMessage(id: number): void {
  if (!stretch.value.messages.some((message) => message.id === id)) return
  if (!document.querySelector(`.message[data-id="${id}"]`)) {
    needle.value = ''
    kindFilter.value = ''
    isAtEnd.value = false
    topId.value = id
  }
  target.value = id
}

/** Safari reports the key that ends a composition after its end. Then only this code shows that the key is the input method's. */
const INPUT_METHOD_KEY = 229

/** Whether a key belongs to an input method, which composes a word. Such a key triggers no action. */
export function isComposing({ isComposing, keyCode }: KeyboardEvent): boolean {
  return isComposing || keyCode === INPUT_METHOD_KEY
}

export function onKey(event: KeyboardEvent): void {
  const { key, altKey, ctrlKey, metaKey, target } = event
  if (ctrlKey || metaKey || isComposing(event) || isHelpOpen.value) return
  if (altKey) {
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      event.preventDefault()
      moveView(key === 'ArrowDown' ? 1 : -1)
    }
    return
  }
  const element = target as HTMLElement
  if (element.matches('input, textarea, select')) {
    if (key === 'Escape' && element.id === 'find') {
      needle.value = ''
      element.blur()
    }
    return
  }
  const act = ACTIONS[key]
  if (!act) return
  event.preventDefault()
  act()
}

const ACTIONS: Readonly<Record<string, () => void>> = {
  i: focusComposer,
  '/': focusComposerWithSlash,
  f: () => document.getElementById('find')?.focus(),
  j: () => moveMessage(1),
  k: () => moveMessage(-1),
  r: () => {
    const message = focused()
    if (!message) return
    replyTo.value = message
    focusComposer()
  },
  t: () => {
    const thread = focused()?.thread_id
    if (thread) open({ kind: 'thread', name: thread })
  },
  g: () => {
    if (!stretch.value.toEnd) return void load()
    isAtEnd.value = true
    newBelow.value = 0
  },
  Escape: () => {
    needle.value = ''
    kindFilter.value = ''
    replyTo.value = undefined
  },
  '?': () => {
    isHelpOpen.value = true
  },
}

function focusComposerWithSlash(): void {
  pane.value = 'feed'
  const field = document.getElementById('composer')
  if (!(field instanceof HTMLTextAreaElement)) return
  field.focus()
  if (field.value !== '') return
  field.value = '/'
  field.dispatchEvent(new Event('input', { bubbles: true }))
}

function focusedRow(): HTMLElement | null {
  return document.activeElement?.closest<HTMLElement>('.message') ?? null
}

function focused() {
  const id = Number(focusedRow()?.dataset.id)
  return stretch.value.messages.find((message) => message.id === id)
}

function moveMessage(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('.message')]
  const current = focusedRow()
  const index = current ? rows.indexOf(current) + step : rows.length - 1
  const row = rows[Math.max(0, Math.min(rows.length - 1, index))]
  row?.focus({ preventScroll: true })
  row?.scrollIntoView({ block: 'nearest' })
}

function moveView(step: 1 | -1): void {
  const views: View[] = [
    INBOX,
    ACTIVITY,
    ...channels.value.filter(isRoom).map(({ name }) => ({ kind: 'channel' as const, name })),
  ]
  const index = views.findIndex((other) => isSame(other, view.value))
  // A thread or a conversation is in no list: from there it goes to the first or the last one.
  const from = index === -1 && step === -1 ? 0 : index
  const next = views[(from + step + views.length) % views.length]
  if (next) open(next)
}
