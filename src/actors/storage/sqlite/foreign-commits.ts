// Notices when another process has committed to the same database: the watch on the write-ahead log gives
// the latency, a slow look gives the guarantee. `data_version` changes only by others' commits, so that our
// own writes cost a few cheap looks and wake nobody. The database file itself is never opened a second
// time: closing it would drop this process's POSIX locks on it.
//
// A write to the log comes before its flush, and only after the flush does the commit show, by a change in
// shared memory that nobody can watch. After each write we therefore look again and again for a while.

import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Database } from 'better-sqlite3'

const LOOK_INTERVAL_MS = 1_000
const LOOK_AFTER_WRITE_MS = 5
/** Longer than a flush takes; what takes longer is found by the slow look. */
const FLUSH_MS = 200
/** Where the folder can't be watched, looking is all there is. */
const UNWATCHED_INTERVAL_MS = 50

export function watchForeignCommits(db: Database, onCommit: () => void): () => void {
  const version = db.prepare<[], number>('PRAGMA data_version').pluck()
  let seen = version.get()
  let lookUntilMs = 0
  let next: NodeJS.Timeout | undefined

  const look = () => {
    const current = version.get()
    if (current === seen) return
    seen = current
    onCommit()
  }
  const lookForAWhile = () => {
    look()
    next = Date.now() < lookUntilMs ? setTimeout(lookForAWhile, LOOK_AFTER_WRITE_MS) : undefined
  }
  const walName = `${basename(db.name)}-wal`
  const watcher = tryWatch(dirname(db.name), (changed) => {
    if (changed !== walName) return
    lookUntilMs = Date.now() + FLUSH_MS
    next ??= setTimeout(lookForAWhile, 1)
  })
  const interval = setInterval(look, watcher ? LOOK_INTERVAL_MS : UNWATCHED_INTERVAL_MS)
  return () => {
    watcher?.close()
    clearInterval(interval)
    clearTimeout(next)
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
