// Reads something again when it has changed, however often that is said: one read at a time, and after each a pause
// that grows with how long it took, so that a large listing under many changes does not keep the hub busy. A hidden
// tab, which may be one of many, reads when it is shown.

import { isShown } from './page-state.js'

const MIN_PAUSE_MS = 150
/** The part of the time that a listing is read at most: a fifth. */
const PAUSE_FACTOR = 4

export class Refresh {
  readonly #read: () => Promise<void>
  readonly #whileHidden: boolean
  #isWanted = false
  #isBusy = false

  /** A read that fails is not repeated: the connection is then lost, and all is read when it is back. */
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
      if (!this.#whileHidden) await isShown()
      this.#isWanted = false
      const startedAt = performance.now()
      await this.#read().catch(() => {})
      const pauseMs = Math.max(MIN_PAUSE_MS, PAUSE_FACTOR * (performance.now() - startedAt))
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    this.#isBusy = false
  }
}
