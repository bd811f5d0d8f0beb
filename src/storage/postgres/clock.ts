// The database's clock, which decides every lease and session: the clocks of the hubs may differ. It goes on by this
// machine's monotonic clock from one reading to the next.

export class DatabaseClock {
  #readMs = Date.now()
  #atMs = performance.now()

  /** The database says that its time is `nowMs`. */
  set(nowMs: number): void {
    this.#readMs = nowMs
    this.#atMs = performance.now()
  }

  /** Epoch milliseconds. */
  now(): number {
    return Math.floor(this.#readMs + performance.now() - this.#atMs)
  }
}
