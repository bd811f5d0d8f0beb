// The leases that a client refreshes until it releases them, so that a lease lasts as long as the work (PROTOCOL §17). A
// lease's TTL is the time for which it outlives a client that has lost the hub.
//
//   kept ─a third of its TTL─▶ refreshed ─▶ kept
//     refused (404, 409), or no refresh for its TTL ─▶ lost: no longer kept, and its holder is told
//     released, or acquired anew without `keep` ─▶ no longer kept

import { ArcError } from '../protocol/errors.js'
import { LEASE_TTL_SEC } from '../protocol/limits.js'

/** The longest pause between two refreshes. */
const MAX_PAUSE_MS = 3_600_000
/** After a failure that says nothing about the lease, such as an outage of the hub. */
const RETRY_MS = 1_000
const MAX_TIMER_MS = 2 ** 31 - 1

export type Noun = 'claim' | 'lock' | 'scope' | 'slot'

export interface Kept {
  ttlSec: number
  /** On the clock of `performance`. */
  dueAtMs: number
  /** Set only for a lease whose holder wants to be told of its end. */
  expiry: ReturnType<typeof setTimeout> | undefined
  readonly refresh: (ttlSec: number) => Promise<unknown>
  readonly onLost: ((error: unknown) => void) | undefined
}

export interface KeepOptions {
  readonly keep?: boolean | undefined
  readonly ttlSec?: number | undefined
  /** Called once if the lease is lost. */
  readonly onLost?: ((error: unknown) => void) | undefined
}

export class KeptLeases {
  /** Called when there is another lease to refresh. */
  onKept: () => void = () => {}
  readonly #kept = new Map<string, Kept>()

  /** Keeps a lease that was acquired. `refresh` gives it a new TTL. */
  note(noun: Noun, key: string, given: KeepOptions, refresh: Kept['refresh']): void {
    const { ttlSec = LEASE_TTL_SEC.default, onLost } = given
    if (!onLost && this.find(noun, key)?.onLost) {
      this.extended(noun, key, ttlSec) // work goes on under it
      return
    }
    this.drop(noun, key)
    if (given.keep === false) return
    const lease = { ttlSec, dueAtMs: 0, expiry: undefined, refresh, onLost }
    this.#kept.set(nameOf(noun, key), lease)
    this.extended(noun, key, ttlSec)
  }

  find(noun: Noun, key: string): Kept | undefined {
    return this.#kept.get(nameOf(noun, key))
  }

  /** Keeps it no longer, and returns it. */
  drop(noun: Noun, key: string): Kept | undefined {
    const name = nameOf(noun, key)
    const lease = this.#kept.get(name)
    clearTimeout(lease?.expiry)
    this.#kept.delete(name)
    return lease
  }

  /** Keeps this one, which was kept before, and refreshes it at once. */
  replace(noun: Noun, key: string, lease: Kept): void {
    this.drop(noun, key)
    this.#kept.set(nameOf(noun, key), lease)
    this.extended(noun, key, lease.ttlSec)
    lease.dueAtMs = performance.now()
    this.onKept()
  }

  /** The next refresh gives the same TTL as this one. */
  extended(noun: Noun, key: string, ttlSec: number = LEASE_TTL_SEC.default): void {
    const name = nameOf(noun, key)
    const lease = this.#kept.get(name)
    if (!lease) return
    const ttlMs = ttlSec * 1_000
    lease.ttlSec = ttlSec
    // A third of the TTL from now: two more refreshes may fail.
    lease.dueAtMs = performance.now() + Math.min(ttlMs / 3, MAX_PAUSE_MS)
    clearTimeout(lease.expiry)
    if (lease.onLost && ttlMs <= MAX_TIMER_MS) {
      const late = new ArcError('lease_lost', `the ${noun} "${key}" could not be refreshed for ${ttlSec} s`)
      lease.expiry = setTimeout(() => this.#lose(name, lease, late), ttlMs).unref()
    }
    this.onKept()
  }

  /** When the next lease has to be refreshed, on the clock of `performance`; undefined if none is kept. */
  get dueAtMs(): number | undefined {
    const times = [...this.#kept.values()].map((lease) => lease.dueAtMs)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** Refreshes the leases that are due. Never rejects. */
  async refreshDue(nowMs: number): Promise<void> {
    const due = [...this.#kept].filter(([, { dueAtMs }]) => dueAtMs <= nowMs)
    await Promise.all(due.map(([name, lease]) => this.#refresh(name, lease)))
  }

  /** Those whose holder does not want to be told of their end: nobody works under them once the client closes. */
  get untold(): (readonly [Noun, string])[] {
    const names = [...this.#kept].filter(([, { onLost }]) => !onLost).map(([name]) => name)
    return names.map((name) => [name.slice(0, name.indexOf(' ')) as Noun, name.slice(name.indexOf(' ') + 1)])
  }

  /** Forgets all leases: the client closes. */
  clear(): void {
    for (const { expiry } of this.#kept.values()) clearTimeout(expiry)
    this.#kept.clear()
  }

  async #refresh(name: string, lease: Kept): Promise<void> {
    try {
      await lease.refresh(lease.ttlSec)
    } catch (error) {
      const isLost = error instanceof ArcError && (error.status === 404 || error.code === 'stale_fence')
      if (isLost) this.#lose(name, lease, error)
      lease.dueAtMs = performance.now() + RETRY_MS
    }
  }

  #lose(name: string, lease: Kept, error: unknown): void {
    if (this.#kept.get(name) !== lease) return
    clearTimeout(lease.expiry)
    this.#kept.delete(name)
    lease.onLost?.(error)
  }
}

const nameOf = (noun: Noun, key: string) => `${noun} ${key}`
