// Agents that wait at this door are alive, however long they wait: while there are any, the storage is told of them often
// enough that their sessions don't expire (PROTOCOL §3).

import type { StorageClient } from '../storage/client.js'

const MOST_MS = 30_000

export interface KeepAliveOptions {
  readonly storage: Pick<StorageClient, 'touch'>
  readonly presenceTtlSec: number
  /** Who waits now. */
  readonly agents: () => string[]
}

export class KeepAlive {
  readonly #options: KeepAliveOptions
  #timer: NodeJS.Timeout | undefined
  #ended = false

  constructor(options: KeepAliveOptions) {
    this.#options = options
  }

  /** Somebody has begun to wait. */
  begin(): void {
    if (this.#ended) return
    const everyMs = Math.min(MOST_MS, (this.#options.presenceTtlSec * 1_000) / 3)
    this.#timer ??= setInterval(() => {
      if (!this.report()) this.#stop()
    }, everyMs)
  }

  /** Tells the storage who waits; false when nobody does. */
  report(): boolean {
    const agents = this.#options.agents()
    this.#options.storage.touch(agents)
    return agents.length > 0
  }

  end(): void {
    this.#ended = true
    this.#stop()
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
