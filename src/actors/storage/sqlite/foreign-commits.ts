// Notices when another process has committed to the same database: the watch on the write-ahead log gives
// the latency, a slow look gives the guarantee. `data_version` changes only by others' commits, so that our
// own writes cost one cheap look and wake nobody. The database file itself is never opened a second time:
// closing it would drop this process's POSIX locks on it.

import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Database } from 'better-sqlite3'

const LOOK_INTERVAL_MS = 1_000
/** Where the folder can't be watched, looking is all there is. */
const UNWATCHED_INTERVAL_MS = 50

export function watchForeignCommits(db: Database, onCommit: () => void): () => void {
  const version = db.prepare<[], number>('PRAGMA data_version').pluck()
  let seen = version.get()
  let due: NodeJS.Immediate | undefined

  const look = () => {
    due = undefined
    const current = version.get()
    if (current === seen) return
    seen = current
    onCommit()
  }
  const walName = `${basename(db.name)}-wal`
  const watcher = tryWatch(dirname(db.name), (changed) => {
    if (changed === walName) due ??= setImmediate(look)
  })
  const interval = setInterval(look, watcher ? LOOK_INTERVAL_MS : UNWATCHED_INTERVAL_MS)
  return () => {
    watcher?.close()
    clearInterval(interval)
    clearImmediate(due)
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
