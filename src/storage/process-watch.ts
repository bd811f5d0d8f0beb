// Looks every second after the processes whose life a session shares (PROTOCOL §17). A session whose process has ended
// ends at once. One whose process runs does not expire: the look is a sign of life, written when a third of the presence
// TTL is over.

import type { StorageBackend } from './backend.js'
import type { Committer } from './committer.js'

const LOOK_MS = 1_000

export interface ProcessWatchOptions {
  readonly committer: Committer
  readonly backend: Pick<StorageBackend, 'boundSessions'>
}

export class ProcessWatch {
  readonly #options: ProcessWatchOptions
  readonly #look: NodeJS.Timeout

  constructor(options: ProcessWatchOptions) {
    this.#options = options
    this.#look = setInterval(() => void this.look().catch(() => {}), LOOK_MS) // the next look tries again
  }

  stop(): void {
    clearInterval(this.#look)
  }

  /** Ends the sessions whose process has ended. @throws ArcError when the storage can't be written */
  async look(): Promise<void> {
    const { committer, backend } = this.#options
    const { ended, due } = await backend.boundSessions()
    if (due.length > 0) committer.touch(due)
    if (ended.length > 0) {
      await committer.apply({ command: { op: 'sessions.end', input: { sessionIds: ended } } }, false)
    }
  }
}
