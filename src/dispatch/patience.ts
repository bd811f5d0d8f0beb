// Patience with a storage actor that is being restarted: what failed because it is away is tried again when it is back, for a
// few seconds. Ends with the door, which then waits for nothing.

import { ArcError } from '../protocol/errors.js'
import type { StorageClient } from '../storage/client.js'

/** How long a request waits for a storage that is away. */
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

  /** Reads, and reads again while the storage is away. */
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

  /** Settles when the storage, which failed work that began at `startedAt`, may be back; undefined when trying again is no use. */
  storageBack(error: unknown, startedAt: number): Promise<void> | undefined {
    const isAway =
      error instanceof ArcError && (error.code === 'unavailable' || error.code === 'outcome_unknown')
    const leftMs = startedAt + PATIENCE_MS - Date.now()
    if (!isAway || leftMs <= 0 || this.#ended) return undefined
    return this.#storage.present(leftMs)
  }
}
