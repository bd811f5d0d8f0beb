// The texts of tasks. A task's row has none: its text is the message with the same id. This file keeps the text of each task
// message that the page gets, and reads the missing message of a task that the page shows.

import { signal } from '@preact/signals'
import type { Message, Task } from '../protocol/objects.js'
import { Listing } from './api.js'
import { beginning, LABEL_CHARS, plain } from './model/text.js'

/** The most texts that it keeps, and the most characters of each. */
const MAX_TEXTS = 500
const MAX_CHARS = 200

/** A task's name in labels. */
export function taskLabel(id: number, text: string | undefined): string {
  return text === undefined ? `task ${id}` : `task ${id}: ${plain(beginning(text.trim(), LABEL_CHARS))}`
}

export const taskTexts = signal<ReadonlyMap<number, string>>(new Map())

/** Tasks whose message the page has asked for, also in vain: the operator can't read a direct message between others. */
const asked = new Set<number>()

export function noteTaskTexts(messages: readonly Message[]): void {
  const found = messages.filter(({ kind }) => kind === 'task' || kind === 'task_request')
  if (found.length === 0) return
  const entries = found.map(({ id, body }): [number, string] => [id, beginning(body.trim(), MAX_CHARS)])
  taskTexts.value = new Map([...taskTexts.value, ...entries].slice(-MAX_TEXTS))
}

/** Reads the texts of shown tasks, one after another. */
export async function readTaskTexts(tasks: readonly Task[]): Promise<void> {
  for (const { task_id: id, channel } of tasks) {
    if (taskTexts.value.has(id) || asked.has(id)) continue
    asked.add(id)
    const rows = await new Listing('/v1/messages', { channel }).after(id - 1, 1).catch(() => [])
    noteTaskTexts(rows.filter((row) => row.id === id))
  }
}

export function forgetTaskTexts(): void {
  taskTexts.value = new Map()
  asked.clear()
}
