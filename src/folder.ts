// Creates folders that only their owner may use, since a hub's files hold what agents say. Commands load this file without
// the hub, so it imports little.

import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Creates a folder and its parents. Node's recursive mkdir never returns where the parent exists but takes no folders, as
 * in /proc. @throws NodeJS.ErrnoException
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  try {
    mkdirSync(path, 0o700)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error // else another process was faster
  }
}
