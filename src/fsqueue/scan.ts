// Looks over a whole spool: the guarantee behind the watch, which only gives the speed. Makes what is
// missing, so that a spool that was deleted comes back; says which queues there are and which have work.

import { type Dirent, readdirSync } from 'node:fs'
import { basename } from 'node:path'
import glob from 'fast-glob'
import { isAnswered } from './archive.js'
import { ARCHIVE, CLAIMED, isQueueName, REQUESTS, RESPONSES, SUBMITTED, stemOf } from './layout.js'
import { occupy } from './occupancy.js'
import { identityOf, isFileError, type SafeFolder } from './safe-folder.js'
import { type Entered, openOrMake, type SpoolTask } from './spool.js'

export interface ScanTask extends SpoolTask {
  /** Look for claimed requests without a response as well. */
  readonly unfinished: boolean
}

export interface Scanned extends Entered {
  /** Changes when the folders were replaced: watches have to be set anew. */
  readonly identity: string
  readonly queues: readonly QueueSeen[]
  /** Things among the queues that are none; some of them, where they are many. */
  readonly bad: readonly string[]
  /** Without what it had to wait for a thread. */
  readonly tookMs: number
}

export interface QueueSeen {
  readonly name: string
  readonly identity: string
  /** Submitted requests wait there. */
  readonly pending: boolean
  /** Names of claimed files without a response, in order. */
  readonly unfinished: readonly string[]
}

const MAX_BAD = 20
/** Names of claimed files that one scan brings back; the rest is found by housekeeping. */
const MAX_UNFINISHED = 200_000

/** @throws for a spool that can't be used, with the reason */
export function scan(task: ScanTask): Scanned {
  const startedAt = performance.now()
  const seen = look(task)
  return { ...seen, tookMs: performance.now() - startedAt }
}

function look({ spool, state, unfinished }: ScanTask): Omit<Scanned, 'tookMs'> {
  using root = openOrMake(spool)
  const refused: string[] = []
  const onRefused = (name: string) => refused.push(name)
  using requests = root.own(REQUESTS, onRefused)
  using responses = root.own(RESPONSES, onRefused)
  root.own(ARCHIVE, onRefused).close()
  const occupancy = occupy(root, state)
  const identity = requests.identity
  if (occupancy.kind === 'occupied') return { occupancy, identity, queues: [], bad: [], refused }
  const pending = queuesWithRequests(requests)
  const names = requests.list()
  let room = unfinished ? MAX_UNFINISHED : 0
  const queues: QueueSeen[] = []
  const bad: string[] = []
  for (const name of names) {
    const stats = isQueueName(name) ? requests.stat(name) : undefined
    if (stats?.isDirectory()) {
      const found = room > 0 ? unfinishedIn(requests, responses, name).slice(0, room) : []
      room -= found.length
      queues.push({ name, identity: identityOf(stats), pending: pending.has(name), unfinished: found })
    } else if (bad.length < MAX_BAD) bad.push(name)
  }
  return { occupancy, identity, queues, bad, refused }
}

function queuesWithRequests(requests: SafeFolder): Set<string> {
  const read = (path: string, options: { withFileTypes: true }) => readQueue(requests, path, options)
  const found = glob.sync(`*/*${SUBMITTED}`, {
    cwd: requests.path,
    onlyFiles: false,
    followSymbolicLinks: false,
    dot: true,
    suppressErrors: true,
    fs: { readdirSync: read as unknown as typeof readdirSync },
  })
  const queues = new Set<string>()
  for (const path of found) {
    const [queue = '', name = ''] = path.split('/')
    if (stemOf(name, SUBMITTED) !== undefined) queues.add(queue)
  }
  return queues
}

/** For the glob, which sees that a name is a folder and opens it a little later: it may be a link by then. */
function readQueue(requests: SafeFolder, path: string, options: { withFileTypes: true }): Dirent[] {
  if (path === requests.path) return readdirSync(path, options)
  using queue = requests.child(basename(path))
  queue.checkSize()
  return readdirSync(queue.path, options)
}

function unfinishedIn(requests: SafeFolder, responses: SafeFolder, name: string): string[] {
  try {
    using folder = requests.child(name)
    const claimed = folder.list().filter((file) => stemOf(file, CLAIMED) !== undefined)
    if (claimed.length === 0) return []
    using answered = responses.child(name, { make: true })
    return claimed.filter((file) => !isAnswered(answered, stemOf(file, CLAIMED) as string)).sort()
  } catch (error) {
    if (!isFileError(error)) throw error
    return [] // the queue itself says what is wrong with it when it is drained
  }
}
