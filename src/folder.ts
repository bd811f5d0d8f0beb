// Making folders, for their owner alone: what a hub keeps is as private as what agents say in it. Light: commands load
// it without the hub.

import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it. Node's own recursive mkdir never returns where folders cannot be made
 * though the parent exists, as in /proc. @throws NodeJS.ErrnoException
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
