// What tasks are about. A task's row does not say: its text is the message of the same id, which is remembered when it
// comes by, and read when a task is shown whose message did not.

import { signal } from '@preact/signals'
import type { Message, Task } from '../protocol/objects.js'
import { Listing } from './api.js'
import { beginning, LABEL_CHARS, plain } from './model/text.js'

/** Texts that are remembered, and characters of each. */
const MAX_TEXTS = 500
const MAX_CHARS = 200

/** Names a task in a label. */
export function taskLabel(id: number, text: string | undefined): string {
  return text === undefined ? `task ${id}` : `task ${id}: ${plain(beginning(text.trim(), LABEL_CHARS))}`
}

export const taskTexts = signal<ReadonlyMap<number, string>>(new Map())

/** Tasks whose message was looked for in vain, too: a direct message to somebody else is not to be read. */
const asked = new Set<number>()

export function noteTaskTexts(messages: readonly Message[]): void {
  const found = messages.filter(({ kind }) => kind === 'task' || kind === 'task_request')
  if (found.length === 0) return
  const entries = found.map(({ id, body }): [number, string] => [id, beginning(body.trim(), MAX_CHARS)])
  taskTexts.value = new Map([...taskTexts.value, ...entries].slice(-MAX_TEXTS))
}

/** Reads the texts of tasks that are shown, one after another. */
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
