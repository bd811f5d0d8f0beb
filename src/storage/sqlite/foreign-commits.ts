// Notices commits of other processes to the same database. A watch on the write-ahead log gives the speed, a slow look
// gives the guarantee. Only others' commits change `data_version`, so our own writes cost a few cheap looks and wake
// nobody. It never opens the database file a second time: closing it would drop this process's POSIX locks on the file.
//
// A process writes to the log before it flushes. Its commit becomes visible after the flush, by a change in shared memory
// that nobody can watch. So after each write to the log it looks several times, for `FLUSH_MS`.
//
// A busy hub would mostly watch its own writes, some twenty a commit, which takes a twentieth of its throughput. It looks
// every few milliseconds instead, and watches again when it is idle.

import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Database } from 'better-sqlite3'

const LOOK_INTERVAL_MS = 1_000
const LOOK_AFTER_WRITE_MS = 5
/** Milliseconds: longer than most flushes take. The slow look finds the rest. */
const FLUSH_MS = 200
/** Milliseconds between looks if the folder can't be watched. */
const UNWATCHED_INTERVAL_MS = 50
/** A hub is busy after this many commits of its own within `withinMs`, and idle after `withinMs` without one. */
const BUSY = { commits: 20, withinMs: 200 } as const
const LOOK_WHILE_BUSY_MS = 10

export class ForeignCommits {
  readonly #db: Database
  readonly #onCommit: () => void
  readonly #version
  #seen: number | undefined
  #watcher: FSWatcher | undefined
  #interval: NodeJS.Timeout | undefined
  /** The next look after a write, or of a busy hub. */
  #next: NodeJS.Timeout | undefined
  #lookUntilMs = 0
  /** This hub's commits in the current `BUSY.withinMs`. */
  #commits = 0
  #sinceMs = 0

  /** Calls back after each foreign commit, until `close`. */
  constructor(db: Database, onCommit: () => void) {
    this.#db = db
    this.#onCommit = onCommit
    this.#version = db.prepare<[], number>('PRAGMA data_version').pluck()
    this.#seen = this.#version.get()
    this.#watch()
  }

  /** Whether it watches the folder; false while this hub is busy. */
  get isWatching(): boolean {
    return this.#watcher !== undefined
  }

  /** Call it after each commit of this hub. */
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

  /** Ends the watch and the looks. */
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
    this.#look() // after the watch has begun, so that no commit falls between the two
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
