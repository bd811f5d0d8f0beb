// Decides when settled files move to the archive: soon if many have collected, otherwise at intervals until a queue has none
// left. It runs one task at a time, so that requests never wait long, and none for queues whose folders are empty.

import type { ArchiveTask } from './archive.js'
import type { Complaints } from './complaints.js'
import type { FilePool } from './pool.js'

/** With this many settled files a queue gets a task at once. */
const CROWD = 320
const EVERY_MS = 30_000
const RETENTION = {
  keepNewest: 64,
  requestAgeMs: 60_000,
  responseAgeMs: 600_000,
  orphanAgeMs: 90_000,
  maxMoves: 500,
} as const satisfies Partial<ArchiveTask>
/** After this many milliseconds without requests, all settled files of a queue have been moved. */
const STILL_AFTER_MS = RETENTION.responseAgeMs + 2 * EVERY_MS

export interface HousekeepingOptions {
  readonly pool: FilePool
  readonly spool: string
  /** Stems of a queue that this host has not answered yet. */
  readonly unanswered: (queue: string) => Iterable<string>
  /** Claimed files that another host left without a response. */
  readonly onOrphans: (queue: string, names: readonly string[]) => void
  readonly complaints: Complaints
  readonly onFailure: (error: Error) => void
}

interface Kept {
  /** When a request was last taken or answered in the queue. */
  touchedAt: number
  sweptAt: number
  /** When a response may be old enough to move. The task needs one system call for each response. */
  responsesDueAt: number
}

export class Housekeeping {
  readonly #options: HousekeepingOptions
  readonly #queues = new Map<string, Kept>()
  /** Queues whose task is due, in order. */
  readonly #due = new Set<string>()
  #sweeping: Promise<void> | undefined
  #closed = false

  constructor(options: HousekeepingOptions) {
    this.#options = options
  }

  touched(queue: string): void {
    const known = this.#queues.get(queue)
    const now = Date.now()
    if (known) known.touchedAt = now
    else this.#queues.set(queue, { touchedAt: now, sweptAt: now, responsesDueAt: now + EVERY_MS })
  }

  /** Notes the number of settled files in a queue's folder. */
  counted(queue: string, settledFiles: number): void {
    if (settledFiles >= CROWD) this.#sweep(queue)
  }

  /** Call it at intervals. */
  tick(): void {
    const now = Date.now()
    for (const [queue, { touchedAt, sweptAt }] of this.#queues) {
      if (now - sweptAt < EVERY_MS) continue
      if (now - touchedAt > STILL_AFTER_MS) this.#queues.delete(queue)
      this.#sweep(queue)
    }
  }

  /** Settles when no task runs. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#sweeping
  }

  #sweep(queue: string): void {
    if (this.#closed) return
    this.#due.add(queue)
    this.#sweeping ??= this.#sweepAll()
      .catch(this.#options.onFailure)
      .finally(() => {
        this.#sweeping = undefined
      })
  }

  async #sweepAll(): Promise<void> {
    for (const queue of this.#due) {
      this.#due.delete(queue)
      if (this.#closed) return
      if (await this.#archive(queue)) this.#due.add(queue) // after the others
    }
  }

  /** True when there is more to move. */
  async #archive(queue: string): Promise<boolean> {
    const { pool, spool, unanswered, onOrphans, complaints } = this.#options
    const kept = this.#queues.get(queue)
    const startedAt = Date.now()
    const responses = !kept || startedAt >= kept.responsesDueAt
    const task = { spool, queue, unanswered: [...unanswered(queue)], responses, ...RETENTION }
    const { moved, isEmpty, orphans, oldestMs = startedAt, bad } = await pool.run('archive', task)
    const again = moved >= RETENTION.maxMoves
    if (isEmpty && kept && kept.touchedAt < startedAt) this.#queues.delete(queue)
    if (kept) kept.sweptAt = Date.now()
    if (kept && responses && !again)
      kept.responsesDueAt = Math.max(oldestMs + RETENTION.responseAgeMs, startedAt + EVERY_MS)
    if (bad !== undefined) complaints.about(`archive ${queue}`, `nothing of ${queue} can be archived: ${bad}`)
    if (orphans.length > 0) onOrphans(queue, orphans)
    return again
  }
}
