// Looks over a whole spool: the guarantee behind the watch, which only gives the speed. Makes what is
// missing, so that a spool that was deleted comes back; says which queues there are and which have work.

import { mkdirSync } from 'node:fs'
import glob from 'fast-glob'
import { isAnswered } from './archive.js'
import { ARCHIVE, CLAIMED, isQueueName, REQUESTS, RESPONSES, SUBMITTED, stemOf } from './layout.js'
import { leave, type Occupancy, occupy } from './occupancy.js'
import { BadFolder, identityOf, isFileError, SafeFolder } from './safe-folder.js'

export interface ScanTask {
  readonly spool: string
  /** What the requests are executed on; see occupancy.ts. */
  readonly state: string
  /** Look for claimed requests without a response as well. */
  readonly unfinished: boolean
}

export interface Scanned {
  readonly occupancy: Occupancy
  /** Changes when the folders were replaced: watches have to be set anew. */
  readonly identity: string
  readonly queues: readonly QueueSeen[]
  /** Things among the queues that are none. */
  readonly bad: readonly string[]
}

export interface QueueSeen {
  readonly name: string
  readonly identity: string
  /** Submitted requests wait there. */
  readonly pending: boolean
  /** Names of claimed files without a response, in order. */
  readonly unfinished: readonly string[]
}

/** @throws for a spool that can't be used, with the reason */
export function scan({ spool, state, unfinished }: ScanTask): Scanned {
  using root = openOrMake(spool)
  using requests = root.child(REQUESTS, { make: true })
  using responses = root.child(RESPONSES, { make: true })
  root.child(ARCHIVE, { make: true }).close()
  const occupancy = occupy(root, state)
  const identity = requests.identity
  if (occupancy.kind === 'occupied') return { occupancy, identity, queues: [], bad: [] }
  const pending = queuesWithRequests(requests)
  const names = requests.list()
  const folders = names.filter((name) => isQueueName(name) && requests.stat(name)?.isDirectory())
  const queues = folders.map((name) => ({
    name,
    identity: queueIdentity(requests, name),
    pending: pending.has(name),
    unfinished: unfinished ? unfinishedIn(requests, responses, name) : [],
  }))
  return { occupancy, identity, queues, bad: names.filter((name) => !folders.includes(name)) }
}

/** A spool that was deleted comes back, unless the folder above it has gone as well. */
function openOrMake(spool: string): SafeFolder {
  try {
    return SafeFolder.open(spool)
  } catch (error) {
    if (!(error instanceof BadFolder && error.isMissing)) throw error
    mkdirSync(spool)
    return SafeFolder.open(spool)
  }
}

/** Leaves the spool to others. */
export function leaveSpool({ spool, state }: Pick<ScanTask, 'spool' | 'state'>): void {
  using root = SafeFolder.open(spool)
  leave(root, state)
}

function queuesWithRequests(requests: SafeFolder): Set<string> {
  const found = glob.sync(`*/*${SUBMITTED}`, {
    cwd: requests.path,
    onlyFiles: false,
    followSymbolicLinks: false,
    dot: true,
    suppressErrors: true,
  })
  const queues = new Set<string>()
  for (const path of found) {
    const [queue = '', name = ''] = path.split('/')
    if (stemOf(name, SUBMITTED) !== undefined) queues.add(queue)
  }
  return queues
}

function queueIdentity(requests: SafeFolder, name: string): string {
  const stats = requests.stat(name)
  return stats ? identityOf(stats) : ''
}

function unfinishedIn(requests: SafeFolder, responses: SafeFolder, name: string): string[] {
  try {
    using folder = requests.child(name)
    using answered = responses.child(name, { make: true })
    return folder
      .list()
      .filter((file) => {
        const stem = stemOf(file, CLAIMED)
        return stem !== undefined && !isAnswered(answered, stem)
      })
      .sort()
  } catch (error) {
    if (!isFileError(error)) throw error
    return [] // the queue itself says what is wrong with it when it is drained
  }
}
