// How the page is being looked at: what is being looked for in it, and, in a narrow window, which part is shown.

import { signal } from '@preact/signals'

/** In lower case; empty when nothing is looked for. */
export const needle = signal('')
/** A message kind, or all. */
export const kindFilter = signal('')
export type Pane = 'people' | 'feed' | 'work'
export const pane = signal<Pane>('feed')

/** True when one of the texts holds what is looked for. */
export function isFound(...texts: readonly (string | null | undefined)[]): boolean {
  const wanted = needle.value
  return wanted === '' || texts.some((text) => text?.toLowerCase().includes(wanted))
}

/** How many there are; of how many, while something is looked for. */
export function countOf(found: number, all: number, hasMore = false): string {
  const whole = `${all}${hasMore ? '+' : ''}`
  return needle.value === '' ? whole : `${found} of ${whole}`
}

/** Resolves as soon as anybody can see the page. */
export function isShown(): Promise<void> {
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
