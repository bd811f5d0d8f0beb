// The threads for file work: a typed piscina pool. These threads may block: synchronous calls cost a fraction of
// `fs.promises`, and many queues are served in parallel.

import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import type * as tasks from './files.worker.js'

type Tasks = typeof tasks

const MAX_THREADS = 4
const IDLE_TIMEOUT_MS = 10_000
/**
 * MiB. Few young objects survive a task; by itself a thread would give them 48 MB. The old generation must hold a few of the
 * largest files.
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

  /** Calls back when a thread can't start or has ended. Piscina may not replace it, and we can't mend that. */
  onFailure(report: (error: Error) => void): void {
    void this.#failed.then(report)
  }

  run<K extends keyof Tasks>(name: K, task: Parameters<Tasks[K]>[0]): Promise<ReturnType<Tasks[K]>> {
    return this.#pool.run(task, { name })
  }

  /** Ends the threads. All tasks must have ended before. */
  close(): Promise<void> {
    return this.#pool.destroy()
  }
}
