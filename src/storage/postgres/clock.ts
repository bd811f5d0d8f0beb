// The database's clock, which decides every lease and session: the clocks of the hubs may differ. It goes on by this machine's
// monotonic clock from one reading to the next.
//
// A reading is as old as its answer took, which is long on a busy machine or a slow line. So the youngest one of the last
// seconds counts, the one by which it is latest now.

/** Milliseconds for which a reading counts, and after them once more as long at most. */
const WINDOW_MS = 5_000

export class DatabaseClock {
  readonly #monotonic: () => number
  #windowEndsAt = Number.NEGATIVE_INFINITY
  /** The most milliseconds by which a reading of this window and of the one before was ahead of the monotonic clock. */
  #ahead = Number.NEGATIVE_INFINITY
  #aheadBefore = Number.NEGATIVE_INFINITY

  /** @param monotonic milliseconds since any moment */
  constructor(monotonic = () => performance.now()) {
    this.#monotonic = monotonic
  }

  /** The database has said that its time is `nowMs`. */
  set(nowMs: number): void {
    const at = this.#monotonic()
    if (at >= this.#windowEndsAt) {
      this.#aheadBefore = this.#ahead
      this.#ahead = Number.NEGATIVE_INFINITY
      this.#windowEndsAt = at + WINDOW_MS
    }
    this.#ahead = Math.max(this.#ahead, nowMs - at)
  }

  /** Epoch milliseconds. Before the first reading this machine's. */
  now(): number {
    const ahead = Math.max(this.#ahead, this.#aheadBefore)
    return ahead === Number.NEGATIVE_INFINITY ? Date.now() : Math.floor(this.#monotonic() + ahead)
  }
}
