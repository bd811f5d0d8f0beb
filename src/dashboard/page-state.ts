// The state of the page for its reader: the search, the kind filter, and the part that a narrow window shows.

import { signal } from '@preact/signals'

/** The text of the search, in lower case; empty without a search. */
export const needle = signal('')
/** A message kind, or all. */
export const kindFilter = signal('')
export type Pane = 'people' | 'feed' | 'work'
export const pane = signal<Pane>('feed')

/** Whether the search finds one of the texts. */
export function isFound(...texts: readonly (string | null | undefined)[]): boolean {
  const wanted = needle.value
  return wanted === '' || texts.some((text) => text?.toLowerCase().includes(wanted))
}

/** The number of all rows; during a search also the number of found ones. */
export function countOf(found: number, all: number, hasMore = false): string {
  const whole = `${all}${hasMore ? '+' : ''}`
  return needle.value === '' ? whole : `${found} of ${whole}`
}

/** Resolves as soon as anybody can see the page. */
export function untilVisible(): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden) return
      document.removeEventListener('visibilitychange', look)
      resolve()
    }
    document.addEventListener('visibilitychange', look)
    look()
  })
}
