// Waits for a condition instead of a time.

import { setTimeout as pause } from 'node:timers/promises'

const LOOK_AGAIN_MS = 5

/** Calls `probe` until it returns a value. Throws an error that names `what` after the deadline. */
export async function until<T>(
  what: string | (() => string),
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 30_000,
): Promise<T> {
  const giveUpAt = performance.now() + deadlineMs
  for (;;) {
    const found = await probe()
    if (found !== undefined && found !== false) return found
    if (performance.now() > giveUpAt) {
      throw new Error(`waited ${deadlineMs} ms in vain for ${typeof what === 'string' ? what : what()}`)
    }
    await pause(LOOK_AGAIN_MS)
  }
}

/** The value below which `share` of the others lie, of milliseconds for one: `percentile(times, 0.95)`. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
