// Whether anybody still waits for the answer to a request. Lighter than an AbortSignal, since every request has one
// and hardly any is ever abandoned.

export class Abandonment {
  #happened = false
  #callback: (() => void) | undefined

  get happened(): boolean {
    return this.#happened
  }

  /** Calls back when it happens, unless it has before; one callback at a time. */
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
