// Reads a listing again after hints that it has changed. It reads once at a time, and pauses after each read in proportion to
// the read's duration, so that a large listing with many changes does not keep the hub busy. A hidden tab, which may be one of
// many, reads when it becomes visible.

import { untilVisible } from './page-state.js'

const MIN_PAUSE_MS = 150
/** A pause is this many times as long as its read, so reads take at most a fifth of the time. */
const PAUSE_FACTOR = 4

export class Refresh {
  readonly #read: () => Promise<void>
  readonly #whileHidden: boolean
  #isWanted = false
  #isBusy = false

  /** It does not repeat a failed read: the connection is lost then, and the page reads all listings when it is back. */
  constructor(read: () => Promise<void>, { whileHidden = false } = {}) {
    this.#read = read
    this.#whileHidden = whileHidden
  }

  want(): void {
    this.#isWanted = true
    if (!this.#isBusy) void this.#work()
  }

  async #work(): Promise<void> {
    this.#isBusy = true
    while (this.#isWanted) {
      if (!this.#whileHidden) await untilVisible()
      this.#isWanted = false
      const startedAt = performance.now()
      await this.#read().catch(() => {})
      const pauseMs = Math.max(MIN_PAUSE_MS, PAUSE_FACTOR * (performance.now() - startedAt))
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    this.#isBusy = false
  }
}
