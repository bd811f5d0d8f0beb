// Looks over a whole spool. A scan finds every request, whether or not the watch reports it. It creates missing folders, so
// that a deleted spool comes back. It says which queues there are and which of them hold requests.
//
// The cost of a scan follows the number of changed queues. A scan gets the memory of the scan before it and reads only the
// folders that have changed since. Folder times prove that only on a file system of this machine (see folder-times.ts);
// elsewhere a scan reads every folder.

import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import glob from 'fast-glob'
import { isAnswered } from './archive.js'
import { deviceOfThisMachine, FolderTimes, type QueueFolder, type ScanMemory } from './folder-times.js'
import { ARCHIVE, CLAIMED, isQueueName, REQUESTS, RESPONSES, SUBMITTED, stemOf } from './layout.js'
import { occupy } from './occupancy.js'
import { isFileError, type SafeFolder } from './safe-folder.js'
import { type Entered, openOrMake, type SpoolTask } from './spool.js'

export interface ScanTask extends SpoolTask {
  /** Look for claimed requests without a response as well. */
  readonly unfinished: boolean
  /** What the last scan remembers. Without it, every folder is read. */
  readonly memory?: ScanMemory | undefined
  /** Leave the queues alone while `requests/` has this version: the watch has reported no change of any of them. */
  readonly stillIf?: string | undefined
}

export interface Scanned extends Entered {
  /** Changes when `requests/` was replaced: watches have to be set again. */
  readonly identity: string
  /** Changes when a queue appears or disappears. */
  readonly version: string
  /** Absent if the scan left the queues alone. */
  readonly queues?: QueuesFound | undefined
  /** Without what it had to wait for a thread. */
  readonly tookMs: number
}

export interface QueuesFound {
  readonly memory: ScanMemory
  /** All queues; absent if they are those of the memory. */
  readonly all?: readonly QueueFolder[] | undefined
  /** Names of the queues that hold submitted requests. */
  readonly pending: readonly string[]
  /** Names of claimed files without a response, in order. */
  readonly unfinished: readonly UnfinishedFiles[]
  /** Names of entries among the queues that are no folders; some of them, where they are many. */
  readonly bad: readonly string[]
  /** Nothing waits in any queue, and a watch that is complete reports whatever comes. */
  readonly still: boolean
  /** The number of queues that it looked at, and of those whose folders it read. */
  readonly effort: { readonly looked: number; readonly read: number }
}

export interface UnfinishedFiles {
  readonly queue: string
  readonly files: readonly string[]
}

const MAX_BAD = 20
/** Names of claimed files that one scan brings back; the rest is found by housekeeping. */
const MAX_UNFINISHED = 200_000

/** @throws for a spool that can't be used, with the reason */
export function scan(task: ScanTask): Scanned {
  const startedAt = performance.now()
  const seen = scanSpool(task)
  return { ...seen, tookMs: performance.now() - startedAt }
}

function scanSpool(task: ScanTask): Omit<Scanned, 'tookMs'> {
  using root = openOrMake(task.spool)
  const displaced: string[] = []
  const onDisplaced = (name: string) => displaced.push(name)
  using requests = root.own(REQUESTS, onDisplaced)
  using responses = root.own(RESPONSES, onDisplaced)
  root.own(ARCHIVE, onDisplaced).close()
  const occupancy = occupy(root, task.state)
  const { identity, version } = requests
  const seen = { occupancy, identity, version, displaced }
  const isStill = task.stillIf === version
  if (occupancy.kind === 'occupied' || isStill) return seen
  return { ...seen, queues: scanQueues(requests, responses, task) }
}

function scanQueues(requests: SafeFolder, responses: SafeFolder, task: ScanTask): QueuesFound {
  const times = new FolderTimes(task.memory, deviceOfThisMachine(requests))
  const bad: string[] = []
  for (const name of requests.list()) {
    const stats = isQueueName(name) ? requests.stat(name) : undefined
    if (stats?.isDirectory()) times.add(name, stats)
    else if (bad.length < MAX_BAD) bad.push(name)
  }
  if (times.unread.size > 0) readQueues(requests, times)
  const { memory, pending, still } = times
  return {
    memory,
    all: times.changed ? times.queues : undefined,
    pending,
    unfinished: task.unfinished ? unfinishedIn(requests, responses, times.queues) : [],
    bad,
    still,
    effort: { looked: times.queues.length, read: times.unread.size },
  }
}

/** Reads the folders that have changed. */
function readQueues(requests: SafeFolder, times: FolderTimes): void {
  const read = (path: string, options: { withFileTypes: true }) => {
    if (path === requests.path) return readdirSync(path, options).filter(({ name }) => times.unread.has(name))
    const entries = readQueue(requests, path, options)
    times.wasRead(basename(path))
    return entries
  }
  const found = glob.sync(`*/*${SUBMITTED}`, {
    cwd: requests.path,
    onlyFiles: false,
    followSymbolicLinks: false,
    dot: true,
    suppressErrors: true,
    fs: { readdirSync: read as unknown as typeof readdirSync },
  })
  for (const path of found) {
    const [queue = '', name = ''] = path.split('/')
    if (stemOf(name, SUBMITTED) !== undefined) times.holdsRequests(queue)
  }
}

/** For the glob, which sees that a name is a folder and opens it a little later: it may be a link by then. */
function readQueue(requests: SafeFolder, path: string, options: { withFileTypes: true }) {
  using queue = requests.child(basename(path))
  queue.checkSize()
  return readdirSync(queue.path, options)
}

function unfinishedIn(
  requests: SafeFolder,
  responses: SafeFolder,
  queues: readonly QueueFolder[],
): UnfinishedFiles[] {
  let room = MAX_UNFINISHED
  const found: UnfinishedFiles[] = []
  for (const { name } of queues) {
    const files = unfinishedOf(requests, responses, name).slice(0, room)
    if (files.length > 0) found.push({ queue: name, files })
    room -= files.length
    if (room === 0) break
  }
  return found
}

function unfinishedOf(requests: SafeFolder, responses: SafeFolder, queue: string): string[] {
  try {
    using folder = requests.child(queue)
    const claimed = folder.list().filter((file) => stemOf(file, CLAIMED) !== undefined)
    if (claimed.length === 0) return []
    using answered = responses.child(queue, { make: true })
    return claimed.filter((file) => !isAnswered(answered, stemOf(file, CLAIMED) as string)).sort()
  } catch (error) {
    if (!isFileError(error)) throw error
    return [] // the task that takes the queue's requests reports what is wrong with it
  }
}
