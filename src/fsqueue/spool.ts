// The way into a spool and out of it: short steps, whatever lies there, so that the host takes them in its own thread
// and knows at once whether the spool can be used.

import { mkdirSync } from 'node:fs'
import { ARCHIVE, REQUESTS, RESPONSES } from './layout.js'
import { leave, type Occupancy, occupy } from './occupancy.js'
import { BadFolder, SafeFolder } from './safe-folder.js'

export interface SpoolTask {
  readonly spool: string
  /** What the requests are executed on; see occupancy.ts. */
  readonly state: string
}

export interface Entered {
  readonly occupancy: Occupancy
  /** Folders of the host in whose place stood something else, which was moved aside. */
  readonly refused: readonly string[]
}

/**
 * The first step into a spool, which takes no longer for a large one: its folders are there, and it can be
 * written to. @throws for a spool that can't be used, with the reason
 */
export function enterSpool({ spool, state }: SpoolTask): Entered {
  using root = openOrMake(spool)
  const refused: string[] = []
  for (const name of [REQUESTS, RESPONSES, ARCHIVE]) root.own(name, (what) => refused.push(what)).close()
  return { occupancy: occupy(root, state), refused }
}

/** Leaves the spool to others. */
export function leaveSpool({ spool, state }: SpoolTask): void {
  using root = SafeFolder.open(spool)
  leave(root, state)
}

/** A spool that was deleted comes back, unless the folder above it has gone as well. */
export function openOrMake(spool: string): SafeFolder {
  try {
    return SafeFolder.open(spool)
  } catch (error) {
    if (!(error instanceof BadFolder && error.isMissing)) throw error
    mkdirSync(spool)
    return SafeFolder.open(spool)
  }
}
