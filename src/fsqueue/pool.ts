// The threads for file work: a piscina pool, typed. They are threads made for blocking: synchronous calls
// there cost a fraction of what `fs.promises` costs, and many queues are treated in parallel.

import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import type * as work from './files.worker.js'

type Work = typeof work

const MAX_THREADS = 4
const IDLE_TIMEOUT_MS = 10_000
/**
 * Of the young objects little survives a task; left to itself, each thread would let them take 48 MB. The
 * old ones have to hold a few of the largest files.
 */
const HEAP = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 512 } as const

export class FilePool {
  readonly threads = Math.max(2, Math.min(availableParallelism(), MAX_THREADS))
  readonly #pool: Piscina
  readonly #failed: Promise<Error>

  /** Starts the first thread, which loads its modules. */
  constructor() {
    this.#pool = new Piscina({
      filename: fileURLToPath(new URL('./files.worker.js', import.meta.url)),
      minThreads: 1,
      maxThreads: this.threads,
      idleTimeout: IDLE_TIMEOUT_MS,
      execArgv: [],
      resourceLimits: HEAP,
    })
    this.#failed = new Promise((resolve) => this.#pool.on('error', (error) => resolve(error as Error)))
  }

  /** Calls back when a thread could not be started or has ended; piscina may not replace it (its issue, not ours to mend). */
  onFailure(report: (error: Error) => void): void {
    void this.#failed.then(report)
  }

  run<K extends keyof Work>(name: K, task: Parameters<Work[K]>[0]): Promise<ReturnType<Work[K]>> {
    return this.#pool.run(task, { name })
  }

  /** Ends the threads; the work under way must have ended before. */
  close(): Promise<void> {
    return this.#pool.destroy()
  }
}
