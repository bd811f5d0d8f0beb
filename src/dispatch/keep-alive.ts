// Keeps the sessions of agents that wait at this door alive (PROTOCOL §3): it reports them to the storage every third of the
// presence TTL, at least every 30 s.

import type { StorageClient } from '../storage/client.js'

const MOST_MS = 30_000

export interface KeepAliveOptions {
  readonly storage: Pick<StorageClient, 'touch'>
  readonly presenceTtlSec: number
  /** The agents that wait now. */
  readonly agents: () => string[]
}

export class KeepAlive {
  readonly #options: KeepAliveOptions
  #timer: NodeJS.Timeout | undefined
  #ended = false

  constructor(options: KeepAliveOptions) {
    this.#options = options
  }

  /** Call it when an agent begins to wait. */
  begin(): void {
    if (this.#ended) return
    const everyMs = Math.min(MOST_MS, (this.#options.presenceTtlSec * 1_000) / 3)
    this.#timer ??= setInterval(() => {
      if (!this.report()) this.#stop()
    }, everyMs)
  }

  /** Reports the waiting agents to the storage. False if there are none. */
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
