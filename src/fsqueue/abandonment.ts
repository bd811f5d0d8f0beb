// Tells whether the client of a request has given up. Lighter than an AbortSignal: every request has one, and few are
// abandoned.

export class Abandonment {
  #happened = false
  #callback: (() => void) | undefined

  get happened(): boolean {
    return this.#happened
  }

  /** Calls back when it happens, unless it has happened. One callback at a time. */
  on(callback: () => void): void {
    this.#callback = callback
  }

  off(callback: () => void): void {
    if (this.#callback === callback) this.#callback = undefined
  }

  happen(): void {
    if (this.#happened) return
    this.#happened = true
    this.#callback?.()
  }
}
