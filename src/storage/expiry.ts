// When sessions expire (PROTOCOL §3): every third of the presence TTL, and before somebody lists who is there. Whoever
// waits at a door is alive, so the doors are asked first.
//
// A machine that was suspended, or whose clock was set, makes every session look old at once. So a tick that comes late
// gives all who were there before one presence TTL to show up again.

import type { StorageBackend } from './backend.js'
import type { Committer } from './committer.js'
import type { DoorLink } from './feed.js'
import { waitingAt } from './waiting.js'

const TICK_MS = 500
/** A tick that comes so much later than it should tells of a suspension, not of a busy thread. */
const LATE_MS = 2_000

export interface ExpiryOptions {
  readonly committer: Committer
  readonly backend: Pick<StorageBackend, 'hasExpired'>
  readonly doors: Iterable<DoorLink>
  readonly presenceTtlSec: number
}

export class Expiry {
  readonly #options: ExpiryOptions
  readonly #expire: NodeJS.Timeout
  readonly #tick: NodeJS.Timeout
  #tickedAtMs = Date.now()
  /** When the suspension began that nobody has been spared for yet. */
  #suspendedAtMs: number | undefined

  constructor(options: ExpiryOptions) {
    this.#options = options
    this.#tick = setInterval(() => this.#noteSuspension(), TICK_MS)
    // A storage that can't be written just now is tried again at the next turn.
    const expire = () => void this.expire(false).catch(() => {})
    this.#expire = setInterval(expire, (options.presenceTtlSec * 1_000) / 3)
  }

  stop(): void {
    clearInterval(this.#expire)
    clearInterval(this.#tick)
  }

  /** Makes what a list of agents shows true, as far as the storage can be written at once. */
  async refresh(): Promise<void> {
    const { committer, backend } = this.#options
    this.#noteSuspension()
    const isStale = () => committer.presence.isPending || this.#suspendedAtMs !== undefined
    if (isStale() || (await backend.hasExpired())) await this.expire(true).catch(() => {})
  }

  /** Expires who has shown no sign of life. @throws ArcError when the storage can't be written */
  async expire(isUrgent: boolean): Promise<void> {
    const { committer, backend, doors } = this.#options
    this.#noteSuspension()
    if (this.#suspendedAtMs !== undefined) {
      const spare = { op: 'sessions.spare', input: { suspendedAtMs: this.#suspendedAtMs } } as const
      await committer.apply({ command: spare }, isUrgent)
      this.#suspendedAtMs = undefined
    }
    if (await backend.hasExpired()) committer.touch((await waitingAt(doors)).waiting_agents)
    await committer.apply({ command: { op: 'sessions.expire', input: {} } }, isUrgent)
  }

  #noteSuspension(): void {
    const now = Date.now()
    if (Math.abs(now - this.#tickedAtMs) > TICK_MS + LATE_MS) this.#suspendedAtMs ??= this.#tickedAtMs
    this.#tickedAtMs = now
  }
}
