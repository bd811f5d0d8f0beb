// The pending shutdown (PROTOCOL §8). Its row in the storage is the truth: it is written in the transaction
// that announces it, and a storage actor that is restarted arms the timer again.

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

  /** Sets the timer to what the storage says now; call at start and after every change. */
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
    // Refused when it was cancelled meanwhile. The hub stops even where the last notice can't be written.
    this.#committer.apply(last).then((outcome) => !isRefused(outcome) && this.#onFired(), this.#onFired)
  }
}
