// Expires sessions (PROTOCOL §3) every third of the presence TTL, and before a listing of agents. An agent that waits at a
// door is alive, so it asks the doors first.
//
// After a suspension of the machine, or a change of its clock, every session looks old at once. A late tick reveals that.
// Every agent that was present before then gets one more presence TTL.

import type { StorageBackend } from './backend.js'
import type { Committer } from './committer.js'
import type { DoorLink } from './feed.js'
import { waitingAt } from './waiting.js'

const TICK_MS = 500
/** A tick that is this many milliseconds late means a suspension, not a busy thread. */
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
  /** The start of a suspension for which `sessions.spare` has not run yet. */
  #suspendedAtMs: number | undefined

  constructor(options: ExpiryOptions) {
    this.#options = options
    this.#tick = setInterval(() => this.#noteSuspension(), TICK_MS)
    // If the storage can't be written now, the next interval tries again.
    const expire = () => void this.expire(false).catch(() => {})
    this.#expire = setInterval(expire, (options.presenceTtlSec * 1_000) / 3)
  }

  stop(): void {
    clearInterval(this.#expire)
    clearInterval(this.#tick)
  }

  /**
   * Reads a listing of agents after it has expired sessions. A session that expires between the two would be left out
   * before it is ended and its leases are released, so it reads again then.
   */
  async beforeReading<T>(read: () => Promise<T>): Promise<T> {
    await this.#refresh()
    const found = await read()
    if (!(await this.#options.backend.hasExpired())) return found
    await this.#refresh()
    return read()
  }

  /** Expires sessions, if the storage can be written at once. */
  async #refresh(): Promise<void> {
    const { committer, backend } = this.#options
    this.#noteSuspension()
    const isStale = () => committer.presence.isPending || this.#suspendedAtMs !== undefined
    if (isStale() || (await backend.hasExpired())) await this.expire(true).catch(() => {})
  }

  /** Expires the sessions without a sign of life. @throws ArcError when the storage can't be written */
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
