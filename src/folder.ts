// Creates folders that only their owner may use, since a hub's files hold what agents say. Commands load this file without
// the hub, so it imports little.

import { existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** The folder of a room, in a project: its storage, pid file and log. */
export const ROOM_FOLDER = '.arc'
const IGNORE_ALL = '*\n'

/**
 * Creates a folder and its parents. One named `.arc` also gets a `.gitignore` that ignores all of it.
 * @throws NodeJS.ErrnoException
 */
export function makeFolder(path: string): void {
  make(path)
  if (basename(path) === ROOM_FOLDER) ignoreAll(path)
}

/** Git asks for nothing in the folder. Without the file the room works, so an error is none. */
function ignoreAll(folder: string): void {
  try {
    if (!lstatSync(folder).isDirectory()) return // a link leads to a folder of another purpose
    writeFileSync(join(folder, '.gitignore'), IGNORE_ALL, { mode: 0o600, flag: 'wx' })
  } catch {
    // It is there already, or nobody may write there: then the storage can't be opened either, and the hub says so.
  }
}

/** Node's recursive mkdir never returns where the parent exists but takes no folders, as in /proc. */
function make(path: string): void {
  if (existsSync(path)) return
  make(dirname(path))
  try {
    mkdirSync(path, 0o700)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error // else another process was faster
  }
}
