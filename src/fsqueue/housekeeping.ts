// When what is settled goes to the archive: soon where much of it has collected, otherwise now and then for
// as long as a queue has something to age. One task a queue at a time, and none for queues that are still.

import type { ArchiveTask } from './archive.js'
import type { FilePool } from './pool.js'

/** Settled files in a queue's folder that are worth a task of their own. */
const CROWD = 320
const EVERY_MS = 30_000
const RETENTION = {
  keepNewest: 64,
  requestAgeMs: 60_000,
  responseAgeMs: 600_000,
  orphanAgeMs: 90_000,
  maxMoves: 1_000,
} as const satisfies Partial<ArchiveTask>
/** After this time without anything new all that a queue held has been moved. */
const STILL_AFTER_MS = RETENTION.responseAgeMs + 2 * EVERY_MS

export interface HousekeepingOptions {
  readonly pool: FilePool
  readonly spool: string
  /** Stems of a queue that this host has not answered yet. */
  readonly unanswered: (queue: string) => Iterable<string>
  /** Claimed files that another host left without a response. */
  readonly onOrphans: (queue: string, names: readonly string[]) => void
  readonly onFailure: (error: Error) => void
}

export class Housekeeping {
  readonly #options: HousekeepingOptions
  /** When something last happened in a queue, and when it was last looked after. */
  readonly #queues = new Map<string, { touchedAt: number; sweptAt: number; sweeping: boolean }>()
  #sweeps: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: HousekeepingOptions) {
    this.#options = options
  }

  touched(queue: string): void {
    const known = this.#queues.get(queue)
    if (known) known.touchedAt = Date.now()
    else this.#queues.set(queue, { touchedAt: Date.now(), sweptAt: Date.now(), sweeping: false })
  }

  /** So many settled files stand in the queue's folder. */
  counted(queue: string, settledFiles: number): void {
    if (settledFiles >= CROWD) this.#sweep(queue)
  }

  /** To be called now and then. */
  tick(): void {
    const now = Date.now()
    for (const [queue, { touchedAt, sweptAt }] of this.#queues) {
      if (now - sweptAt < EVERY_MS) continue
      if (now - touchedAt > STILL_AFTER_MS) this.#queues.delete(queue)
      this.#sweep(queue)
    }
  }

  /** Settles when no task is under way any more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#sweeps
  }

  #sweep(queue: string): void {
    const state = this.#queues.get(queue)
    if (this.#closed || state?.sweeping) return
    if (state) state.sweeping = true
    const task = this.#archive(queue).catch(this.#options.onFailure)
    const done = task.then((again) => {
      if (state) Object.assign(state, { sweeping: false, sweptAt: Date.now() })
      if (again) this.#sweep(queue)
    })
    this.#sweeps = this.#sweeps.then(() => done)
  }

  /** True when there is more to move. */
  async #archive(queue: string): Promise<boolean> {
    const { pool, spool, unanswered, onOrphans } = this.#options
    const task = { spool, queue, unanswered: [...unanswered(queue)], ...RETENTION }
    const { moved, orphans } = await pool.run('archive', task)
    if (orphans.length > 0) onOrphans(queue, orphans)
    return moved >= RETENTION.maxMoves
  }
}
