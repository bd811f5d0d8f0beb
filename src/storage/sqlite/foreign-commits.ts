// Notices when another process has committed to the same database: the watch on the write-ahead log gives
// the latency, a slow look gives the guarantee. `data_version` changes only by others' commits, so that our
// own writes cost a few cheap looks and wake nobody. The database file itself is never opened a second
// time: closing it would drop this process's POSIX locks on it.
//
// A write to the log comes before its flush, and only after the flush does the commit show, by a change in
// shared memory that nobody can watch. After each write we therefore look again and again for a while.
//
// A hub that commits all the time would watch mostly its own writes, some twenty a commit, which took a twentieth of
// its throughput. It looks every few milliseconds instead, and watches again when it has come to rest.

import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Database } from 'better-sqlite3'

const LOOK_INTERVAL_MS = 1_000
const LOOK_AFTER_WRITE_MS = 5
/** Longer than a flush takes; what takes longer is found by the slow look. */
const FLUSH_MS = 200
/** Where the folder can't be watched, looking is all there is. */
const UNWATCHED_INTERVAL_MS = 50
/** So many commits of our own within so many milliseconds: all the time. After as many without one: at rest. */
const BUSY = { commits: 20, withinMs: 200 } as const
const LOOK_WHILE_BUSY_MS = 10

export class ForeignCommits {
  readonly #db: Database
  readonly #onCommit: () => void
  readonly #version
  #seen: number | undefined
  #watcher: FSWatcher | undefined
  #interval: NodeJS.Timeout | undefined
  /** The next of the looks that follow a write, or that a busy hub takes. */
  #next: NodeJS.Timeout | undefined
  #lookUntilMs = 0
  /** Our own commits since a moment. */
  #commits = 0
  #sinceMs = 0

  /** Calls back after each change, until `close`. */
  constructor(db: Database, onCommit: () => void) {
    this.#db = db
    this.#onCommit = onCommit
    this.#version = db.prepare<[], number>('PRAGMA data_version').pluck()
    this.#seen = this.#version.get()
    this.#watch()
  }

  /** Whether the folder is watched: not while this hub is busy. */
  get isWatching(): boolean {
    return this.#watcher !== undefined
  }

  /** This hub has committed. */
  committed(): void {
    const now = Date.now()
    if (now - this.#sinceMs > BUSY.withinMs) {
      this.#sinceMs = now
      this.#commits = 0
    }
    if (++this.#commits < BUSY.commits || !this.#watcher) return
    this.close()
    this.#lookWhileBusy()
  }

  /** Neither watches nor looks any more. */
  close(): void {
    this.#watcher?.close()
    this.#watcher = undefined
    clearInterval(this.#interval)
    clearTimeout(this.#next)
    this.#next = undefined
  }

  #watch(): void {
    const walName = `${basename(this.#db.name)}-wal`
    this.#watcher = tryWatch(dirname(this.#db.name), (changed) => {
      if (changed !== walName) return
      this.#lookUntilMs = Date.now() + FLUSH_MS
      this.#next ??= setTimeout(this.#lookForAWhile, 1)
    })
    this.#interval = setInterval(() => this.#look(), this.#watcher ? LOOK_INTERVAL_MS : UNWATCHED_INTERVAL_MS)
  }

  #look(): void {
    const current = this.#version.get()
    if (current === this.#seen) return
    this.#seen = current
    this.#onCommit()
  }

  readonly #lookForAWhile = (): void => {
    this.#look()
    this.#next =
      Date.now() < this.#lookUntilMs ? setTimeout(this.#lookForAWhile, LOOK_AFTER_WRITE_MS) : undefined
  }

  readonly #lookWhileBusy = (): void => {
    const isBusy = Date.now() - this.#sinceMs <= 2 * BUSY.withinMs
    this.#next = isBusy ? setTimeout(this.#lookWhileBusy, LOOK_WHILE_BUSY_MS) : undefined
    if (!isBusy) this.#watch()
    this.#look() // after the watch has begun: nothing lies between the two
  }
}

function tryWatch(folder: string, onChange: (fileName: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, fileName) => onChange(fileName))
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
