// Retries reads and commands while the storage actor restarts, for at most `PATIENCE_MS`. `end` stops it: a door that closes
// waits for nothing.

import { ArcError } from '../protocol/errors.js'
import type { StorageClient } from '../storage/client.js'

/** Milliseconds for which a request waits for a storage that is away. */
const PATIENCE_MS = 5_000

export class Patience {
  readonly #storage: Pick<StorageClient, 'present'>
  #ended = false

  constructor(storage: Pick<StorageClient, 'present'>) {
    this.#storage = storage
  }

  end(): void {
    this.#ended = true
  }

  /** Runs `work`, and again while the storage is away. */
  async read<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = Date.now()
    for (;;) {
      try {
        return await work()
      } catch (error) {
        const back = this.storageBack(error, startedAt)
        if (!back) throw error
        await back
      }
    }
  }

  /** After a failure of work that began at `startedAt`: settles when the storage may be back. Undefined if no retry helps. */
  storageBack(error: unknown, startedAt: number): Promise<void> | undefined {
    const isAway =
      error instanceof ArcError && (error.code === 'unavailable' || error.code === 'outcome_unknown')
    const leftMs = startedAt + PATIENCE_MS - Date.now()
    if (!isAway || leftMs <= 0 || this.#ended) return undefined
    return this.#storage.present(leftMs)
  }
}
