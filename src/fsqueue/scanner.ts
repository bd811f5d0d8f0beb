// Scans the spool again and again. Each scan tells who serves the spool: this host, together with others of its state, or
// another one for which it stands by. The scanner also tells the watch which queues there are. Ends with `stop`.

import type { Complaints } from './complaints.js'
import type { QueueFolder, ScanMemory } from './folder-times.js'
import type { HostOptions } from './host-options.js'
import { isThere, type Occupant } from './occupancy.js'
import type { FilePool } from './pool.js'
import type { Scanned, UnfinishedFiles } from './scan.js'
import { enterSpool } from './spool.js'
import type { SpoolWatch } from './watch.js'

/**
 * Milliseconds between scans, while there is work and while there is none, and the share of the time that they may take: a
 * scan of 10,000 queues takes 0.1 s where no folder has changed, and ten times as long where each is read. `mostMs` bounds
 * the wait of a request that no watch reports. Other hosts also have to see that this one lives.
 */
const PAUSES = {
  busy: { leastMs: 250, share: 0.1 },
  idle: { leastMs: 1_500, share: 0.03 },
  mostMs: 5_000,
} as const
/** Milliseconds after the last work for which a host counts as busy. */
const BUSY_MS = 2_000
/** Milliseconds for which scans leave the queues alone, at most, while the watch is silent. */
const STILL_MS = 60_000

export interface ScannerOptions extends Pick<HostOptions, 'spool' | 'state' | 'idleScanMs' | 'log'> {
  readonly pool: FilePool
  readonly watch: SpoolWatch | undefined
  /** About the spool, and about its queues. Two, so that many bad queues do not hide trouble with the spool. */
  readonly complaints: Complaints
  readonly queueComplaints: Complaints
  /** When something was last taken or answered, in the whole spool and in one queue; epoch milliseconds. */
  readonly workedAt: () => number
  readonly takenAt: (queue: string) => number
  readonly onFound: (seen: Found) => void
}

/** What a scan has found, while this host serves the spool. */
export interface Found {
  /** Names of the queues that hold submitted requests. */
  readonly pending: readonly string[]
  readonly unfinished: readonly UnfinishedFiles[]
  /** The names of all queues, at the first scan since this host serves. */
  readonly first: readonly string[] | undefined
  /** The unfinished files were claimed for another state, which may have executed them. */
  readonly isForeign: boolean
}

/** The last scan that looked at the queues. */
interface Last {
  /** Milliseconds of `performance.now`. */
  readonly startedAt: number
  readonly identity: string
  readonly version: string
  readonly memory: ScanMemory
  readonly still: boolean
  readonly all: readonly QueueFolder[]
}

export class Scanner {
  readonly #options: ScannerOptions
  #after: string | undefined
  /** The last marks of the hosts that serve the spool together with this one. */
  readonly #beside = new Map<string, Occupant>()
  #last: Last | undefined
  /** When the watch was last told what to watch, epoch milliseconds. */
  #followedAt = 0
  #serving = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: ScannerOptions) {
    this.#options = options
  }

  /** This host serves the spool, and its first scan is over. */
  get serving(): boolean {
    return this.#serving
  }

  /**
   * Enters the spool. The host serves it after the first scan, which may take long.
   * @throws Error when the spool can't be used, with the reason
   */
  start({ occupancy, displaced } = enterSpool(this.#options)): void {
    this.#tellDisplaced(displaced)
    const isNew = occupancy.kind === 'taken_over'
    if (isNew) this.#after = occupancy.after
    this.#scanIn(isNew ? PAUSES.busy.leastMs : 0)
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
      this.#scanIn(this.#pauseMs(scanned))
    } catch (error) {
      if (this.#stopped) return
      const text = `the spool can't be read for now, it is tried again: ${(error as Error).message}`
      complaints.about('scan', text)
      this.#scanIn(PAUSES.idle.leastMs)
    }
  }

  async #scan(): Promise<Scanned> {
    const { pool, spool, state } = this.#options
    const gone = [...this.#beside].filter(([, mark]) => !isThere(mark))
    const unfinished = !this.#serving || gone.length > 0
    const startedAt = performance.now()
    const stillIf = !unfinished && this.#isStill(startedAt) ? this.#last?.version : undefined
    const memory = stillIf === undefined ? this.#last?.memory : undefined
    const scanned = await pool.run('scan', { spool, state, unfinished, memory, stillIf })
    for (const [key] of gone) this.#beside.delete(key)
    if (!this.#stopped) this.#follow(scanned, startedAt)
    return scanned
  }

  /** Since the last look at the queues began, nothing can have changed that the watch did not report. */
  #isStill(now: number): boolean {
    const { watch } = this.#options
    if (!watch?.complete || !this.#last?.still) return false
    return watch.changedAt < this.#last.startedAt && now - this.#last.startedAt < STILL_MS
  }

  #pauseMs({ occupancy, tookMs }: Scanned): number {
    const { workedAt, idleScanMs = PAUSES.idle.leastMs } = this.#options
    const isBusy = Date.now() - workedAt() < BUSY_MS || occupancy.kind === 'taken_over'
    const { leastMs, share } = isBusy ? PAUSES.busy : PAUSES.idle
    const everyMs = isBusy ? Math.min(leastMs, idleScanMs) : idleScanMs
    return Math.max(everyMs, Math.min(tookMs / share, PAUSES.mostMs))
  }

  #follow({ occupancy, identity, version, queues, displaced }: Scanned, startedAt: number): void {
    const { spool, watch, complaints, queueComplaints, log, onFound } = this.#options
    this.#tellDisplaced(displaced)
    for (const name of queues?.bad ?? []) {
      queueComplaints.about(`bad ${name}`, `requests/${name} is not a queue and is skipped`)
    }
    if (occupancy.kind !== 'serving') {
      this.#serving = false
      this.#last = undefined
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
    if (queues) {
      const { memory, still, all = this.#last?.all ?? [] } = queues
      const areOthers = queues.all !== undefined || this.#last?.identity !== identity
      this.#last = { startedAt, identity, version, memory, still, all }
      if (areOthers || !watch?.complete) this.#watchQueues(areOthers)
    }
    const isFirst = !this.#serving
    if (isFirst) log('info', `relay serves ${spool}`)
    const isForeign = this.#after !== undefined
    this.#after = undefined // later scans find only what was claimed for this state
    this.#serving = true
    const { pending = [], unfinished = [] } = queues ?? {}
    const first = isFirst ? (queues?.all ?? []).map(({ name }) => name) : undefined
    onFound({ pending, unfinished, first, isForeign })
  }

  /** Where not all can be watched, the queues that were used last are. */
  #watchQueues(areOthers: boolean): void {
    const { watch, takenAt, workedAt } = this.#options
    const { identity = '', all: queues = [] } = this.#last ?? {}
    const now = Date.now()
    const isDue = areOthers || workedAt() >= this.#followedAt || now - this.#followedAt > STILL_MS
    if (!watch || !isDue) return
    this.#followedAt = now
    watch.follow(
      identity,
      queues.toSorted((a, b) => takenAt(b.name) - takenAt(a.name)),
    )
  }

  #tellDisplaced(names: readonly string[]): void {
    for (const name of names) {
      const text = `${name} was a link or no folder; it was moved aside and replaced`
      this.#options.complaints.about(`refused ${name}`, text)
    }
  }
}
