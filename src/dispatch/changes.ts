// Hints at changes besides messages, for the streams that asked for them. The first hint after a quiet time goes out at
// once, later ones at most every `EVERY_MS`: a hint only says "look again".

import type { ChangeTopic } from '../protocol/kinds.js'

export type ChangeListener = (topics: readonly ChangeTopic[]) => void

const EVERY_MS = 100

export class Changes {
  readonly #listeners = new Set<ChangeListener>()
  readonly #pending = new Set<ChangeTopic>()
  #quiet = true

  /** Returns a function that removes the listener. */
  listen(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  note(topics: readonly ChangeTopic[]): void {
    if (this.#listeners.size === 0) return
    for (const topic of topics) this.#pending.add(topic)
    if (this.#quiet) this.#tell()
  }

  #tell(): void {
    this.#quiet = this.#pending.size === 0
    if (this.#quiet) return
    const topics = [...this.#pending]
    this.#pending.clear()
    for (const listener of this.#listeners) listener(topics)
    setTimeout(() => this.#tell(), EVERY_MS).unref()
  }
}
