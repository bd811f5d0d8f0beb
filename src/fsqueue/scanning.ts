// Decides when to scan the whole spool. Each scan also tells who serves it: this host, perhaps with others of its state, or
// another host, for which this one stands by. It keeps the watch on the queues, too. `stop` ends it.

import type { Complaints } from './complaints.js'
import type { HostOptions } from './host-options.js'
import { isThere, type Occupant } from './occupancy.js'
import type { FilePool } from './pool.js'
import type { QueueSeen, Scanned } from './scan.js'
import { enterSpool } from './spool.js'
import type { SpoolWatch } from './watch.js'

/**
 * Milliseconds between scans, busy and idle, and the share of the time that scans may take: a scan of thousands of folders
 * takes half a second. There is an upper bound, since folders without a watch depend on scans, and other hosts must see
 * that this one lives.
 */
const RESTS = {
  busy: { leastMs: 250, share: 0.1 },
  idle: { leastMs: 1_500, share: 0.03 },
  mostMs: 5_000,
} as const
/** Milliseconds after the last work for which a host counts as busy. */
const BUSY_MS = 2_000

export interface ScanningOptions extends Pick<HostOptions, 'spool' | 'state' | 'idleScanMs' | 'log'> {
  readonly pool: FilePool
  readonly watch: SpoolWatch | undefined
  /** Complaints about the spool, and about its entries: many of the latter must not hide the former. */
  readonly complaints: Complaints
  readonly queueComplaints: Complaints
  /** When a request was last taken or answered, in the whole spool and in one queue. Epoch milliseconds. */
  readonly workedAt: () => number
  readonly takenAt: (queue: string) => number
  readonly onSeen: (seen: Seen) => void
}

/** The result of a scan, while this host serves the spool. */
export interface Seen {
  readonly queues: readonly QueueSeen[]
  /** The first scan since this host serves. */
  readonly isFirst: boolean
  /** Unanswered claimed requests belong to another state, which may have executed them. */
  readonly isForeign: boolean
}

export class Scanning {
  readonly #options: ScanningOptions
  #after: string | undefined
  /** Other hosts that serve the spool with this one, by their last marks. */
  readonly #beside = new Map<string, Occupant>()
  #serving = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: ScanningOptions) {
    this.#options = options
  }

  /** This host serves the spool, and its first scan is over. */
  get serving(): boolean {
    return this.#serving
  }

  /**
   * Enters the spool. The host serves it after the first scan, however long that takes.
   * @throws Error when the spool can't be used, with the reason
   */
  start(): void {
    const { occupancy, refused } = enterSpool(this.#options)
    this.#tellRefused(refused)
    const isNew = occupancy.kind === 'taken_over'
    if (isNew) this.#after = occupancy.after
    this.#scanIn(isNew ? RESTS.busy.leastMs : 0)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#options.watch?.close()
  }

  #scanIn(ms: number): void {
    if (!this.#stopped) this.#timer = setTimeout(() => this.#scanAgain(), ms)
  }

  async #scanAgain(): Promise<void> {
    const { complaints } = this.#options
    try {
      const scanned = await this.#scan()
      complaints.over('scan')
      this.#scanIn(this.#restMs(scanned))
    } catch (error) {
      if (this.#stopped) return
      const text = `the spool can't be read for now, it is tried again: ${(error as Error).message}`
      complaints.about('scan', text)
      this.#scanIn(RESTS.idle.leastMs)
    }
  }

  async #scan(): Promise<Scanned> {
    const { pool, spool, state } = this.#options
    const gone = [...this.#beside].filter(([, mark]) => !isThere(mark))
    const unfinished = !this.#serving || gone.length > 0
    const scanned = await pool.run('scan', { spool, state, unfinished })
    for (const [key] of gone) this.#beside.delete(key)
    if (!this.#stopped) this.#follow(scanned)
    return scanned
  }

  #restMs({ occupancy, tookMs }: Scanned): number {
    const { workedAt, idleScanMs = RESTS.idle.leastMs } = this.#options
    const isBusy = Date.now() - workedAt() < BUSY_MS || occupancy.kind === 'taken_over'
    const { leastMs, share } = isBusy ? RESTS.busy : RESTS.idle
    const everyMs = isBusy ? Math.min(leastMs, idleScanMs) : idleScanMs
    return Math.max(everyMs, Math.min(tookMs / share, RESTS.mostMs))
  }

  #follow({ occupancy, identity, queues, bad, refused }: Scanned): void {
    const { spool, watch, complaints, queueComplaints, takenAt, log, onSeen } = this.#options
    this.#tellRefused(refused)
    for (const name of bad) {
      queueComplaints.about(`bad ${name}`, `requests/${name} is not a queue and is skipped`)
    }
    if (occupancy.kind !== 'serving') {
      this.#serving = false
      watch?.follow(identity, [])
      if (occupancy.kind === 'taken_over') this.#after = occupancy.after
      else {
        const text = `another host serves the spool (${occupancy.by}); this one stands by`
        complaints.about('occupied', text)
      }
      return
    }
    const { beside } = occupancy
    if (beside) this.#beside.set(`${beside.pid} on ${beside.host_name}`, beside)
    watch?.follow(
      identity,
      queues.toSorted((a, b) => takenAt(b.name) - takenAt(a.name)),
    )
    const isFirst = !this.#serving
    if (isFirst) log('info', `relay serves ${spool}`)
    const isForeign = this.#after !== undefined
    this.#after = undefined // requests found unanswered later were claimed for this state
    this.#serving = true
    onSeen({ queues, isFirst, isForeign })
  }

  #tellRefused(names: readonly string[]): void {
    for (const name of names) {
      const text = `${name} was a link or no folder; it was moved aside and replaced`
      this.#options.complaints.about(`refused ${name}`, text)
    }
  }
}
