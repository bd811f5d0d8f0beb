// Enters and leaves a spool. Both are short however full the spool is, so the host does them in its own thread and knows at
// once whether the spool can be used.

import { mkdirSync } from 'node:fs'
import { ARCHIVE, IGNORE, REQUESTS, RESPONSES } from './layout.js'
import { PRIVATE_FOLDER } from './modes.js'
import { leave, type Occupancy, occupy } from './occupancy.js'
import { BadFolder, isFileError, SafeFolder } from './safe-folder.js'

export interface SpoolTask {
  readonly spool: string
  /** The name of the state on which requests are executed; see occupancy.ts. */
  readonly state: string
}

export interface Entered {
  readonly occupancy: Occupancy
  /** Names of entries that were in the place of the host's folders; they are moved aside. */
  readonly displaced: readonly string[]
}

/**
 * Creates the spool's folders, and checks that it can be written. A large spool takes no longer.
 * @throws for a spool that can't be used, with the reason
 */
export function enterSpool({ spool, state }: SpoolTask): Entered {
  using root = openOrMake(spool)
  const displaced: string[] = []
  for (const name of [REQUESTS, RESPONSES, ARCHIVE]) root.own(name, (what) => displaced.push(what)).close()
  ignoreAll(root)
  return { occupancy: occupy(root, state), displaced }
}

/** Git asks for nothing in a spool that lies in a work tree. */
function ignoreAll(root: SafeFolder): void {
  try {
    if (root.stat(IGNORE) === undefined) root.writeNew(IGNORE, '*\n')
  } catch (error) {
    if (!isFileError(error)) throw error // a spool without the file serves as well
  }
}

/** Leaves the spool to others. */
export function leaveSpool({ spool, state }: SpoolTask): void {
  using root = SafeFolder.open(spool)
  leave(root, state)
}

/** Opens the spool, or creates a deleted one again if its parent folder exists. */
export function openOrMake(spool: string): SafeFolder {
  try {
    return SafeFolder.open(spool)
  } catch (error) {
    if (!(error instanceof BadFolder && error.isMissing)) throw error
    mkdirSync(spool, PRIVATE_FOLDER)
    const root = SafeFolder.open(spool)
    ignoreAll(root)
    return root
  }
}
