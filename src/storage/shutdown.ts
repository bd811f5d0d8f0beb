// The timer of the pending shutdown (PROTOCOL §8). The shutdown is a row in the storage, written in the transaction that
// announces it. A restarted storage actor reads the row and sets the timer again.

import type { StorageBackend } from './backend.js'
import type { Submission } from './commands.js'
import type { Committer } from './committer.js'
import { isRefused } from './outcome.js'

export class ShutdownTimer {
  readonly #committer: Committer
  readonly #backend: StorageBackend
  readonly #onFired: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(committer: Committer, backend: StorageBackend, onFired: () => void) {
    this.#committer = committer
    this.#backend = backend
    this.#onFired = onFired
  }

  /** Sets the timer by the row. Call it at the start and after every change. */
  async arm(): Promise<void> {
    this.disarm()
    const pending = await this.#backend.pendingShutdown()
    if (pending) this.#timer = setTimeout(() => this.#fire(), Math.max(0, pending.firesAtMs - Date.now()))
  }

  disarm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #fire(): void {
    const last: Submission = { command: { op: 'shutdown.fire', input: {} } }
    // A refusal means that the shutdown was cancelled. The hub stops even if the last notice can't be written.
    this.#committer.apply(last).then((outcome) => !isRefused(outcome) && this.#onFired(), this.#onFired)
  }
}
