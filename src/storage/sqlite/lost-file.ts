// Notices that the open database file was deleted, moved or replaced (`git clean`, `rm`, a restored backup). Later writes
// would go into a file that nobody finds, and a second hub on the path would be another room. So the hub writes nothing
// more to it, and saves all acknowledged data once, in a file beside the old name.

import { closeSync, openSync, rmSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Database } from 'better-sqlite3'
import { makeFolder } from '../../folder.js'
import { ArcError } from '../../protocol/errors.js'

const LOOK_MS = 500

export class LostFile {
  readonly #db: Database
  readonly #opened: Stats | undefined
  #problem: string | null = null
  #onLost: ((problem: string) => void) | undefined

  constructor(db: Database) {
    this.#db = db
    this.#opened = db.memory ? undefined : statSync(db.name)
  }

  /** What happened and what to do about it; null while the file is there. */
  get problem(): string | null {
    return this.#problem
  }

  /** @throws ArcError `storage_lost` after the file is lost */
  check(): void {
    if (this.#problem !== null) throw new ArcError('storage_lost', this.#problem)
  }

  /** Looks every half second until the returned function is called. Calls back once. */
  watch(onLost: (problem: string) => void): () => void {
    this.#onLost = onLost
    const timer = setInterval(() => this.#look(), LOOK_MS)
    return () => clearInterval(timer)
  }

  #look(): void {
    if (!this.#opened || this.#problem !== null) return
    const found = statSync(this.#db.name, { throwIfNoEntry: false })
    if (found && found.ino === this.#opened.ino && found.dev === this.#opened.dev) return
    const path = this.#db.name
    const what = found ? 'was replaced by another file' : 'was deleted or moved'
    this.#problem = `the database ${path} ${what} while the hub ran; nothing more is stored`
    this.#problem += `. ${this.#rescue(path)}`
    this.#onLost?.(this.#problem)
  }

  /** Saves the data that SQLite still holds in a new file. Says where it is. */
  #rescue(path: string): string {
    const copy = `${path}.rescued-${new Date().toISOString().replace(/[:.]/g, '-')}`
    try {
      makeFolder(dirname(copy)) // the whole folder may be gone
      closeSync(openSync(copy, 'wx', 0o600)) // SQLite takes an empty file, and would create one that all may read
      this.#db.prepare('VACUUM INTO ?').run(copy)
      return `All that was acknowledged is in ${copy}: stop the hub (arc stop), rename that file to ${path}, and start again (arc ensure)`
    } catch (error) {
      rmSync(copy, { force: true }) // it is not whole
      return `What was stored could not be written out (${(error as Error).message}): stop the hub (arc stop), put a copy of the file back, and start again (arc ensure)`
    }
  }
}
