// When the spool is looked over as a whole, and what each look says about who serves it: this host, together
// with others of its state, or another one for which it stands by. Also keeps the watch on the queues that
// there are. Ends with `stop`.

import type { Complaints } from './complaints.js'
import type { HostOptions } from './host-options.js'
import { isThere, type Occupant } from './occupancy.js'
import type { FilePool } from './pool.js'
import type { QueueSeen, Scanned } from './scan.js'
import { enterSpool } from './spool.js'
import type { SpoolWatch } from './watch.js'

/**
 * Milliseconds between scans, while there is work and while there is none, and the share of the time that they
 * may take: a scan of thousands of folders takes half a second. Those that no watch is left for are not to
 * wait for ever, though, and other hosts have to see that this one lives.
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
  /** Of the spool as a whole, and of what lies in it: the latter must not drown the former. */
  readonly complaints: Complaints
  readonly queueComplaints: Complaints
  /** When something was last taken or answered, in the whole spool and in one queue; epoch milliseconds. */
  readonly workedAt: () => number
  readonly takenAt: (queue: string) => number
  readonly onSeen: (seen: Seen) => void
}

/** What a look has found, while this host serves the spool. */
export interface Seen {
  readonly queues: readonly QueueSeen[]
  /** The first look since this host serves. */
  readonly isFirst: boolean
  /** What is found unfinished was claimed for another state, which may have executed it. */
  readonly isForeign: boolean
}

export class Scanning {
  readonly #options: ScanningOptions
  #after: string | undefined
  /** Hosts that serve the spool together with this one, by the marks that they left last. */
  readonly #beside = new Map<string, Occupant>()
  #serving = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: ScanningOptions) {
    this.#options = options
  }

  /** This host's turn to serve has come, and the first look is over. */
  get serving(): boolean {
    return this.#serving
  }

  /**
   * Enters the spool; it is served when all that lies there has been seen, however long that takes.
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
    this.#after = undefined // what is found unanswered later was claimed for this state
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
