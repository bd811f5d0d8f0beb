// Claims requests and reads them: the worker's part of taking work out of a spool.
//
// Guarantees: of two hosts that try at once one gets a request; the requests of one queue are returned in
// the order of their names; nothing that the other side puts there is followed, waited for or executed.

import { isAnswered, setAside } from './archive.js'
import { CLAIMED, REQUESTS, RESPONSES, SUBMITTED, stemOf } from './layout.js'
import { BadFolder, type FileText, isFileError, type NotReadable, SafeFolder } from './safe-folder.js'

export interface DrainTask {
  readonly spool: string
  readonly queues: readonly QueueToDrain[]
  readonly maxRequestBytes: number
}

export interface QueueToDrain {
  readonly queue: string
  /** Names found before, in order: `.json` to be claimed, `.work` to be taken up again. Absent: look for new ones. */
  readonly names?: readonly string[] | undefined
  /** Requests to take at most. */
  readonly max: number
}

export interface Drained {
  readonly queue: string
  readonly requests: readonly ClaimedFile[]
  /** Names that are there and were not taken yet, in order. */
  readonly left: readonly string[]
  /** Claimed files that stand in the folder: when they are many, it is time to archive. */
  readonly claimedFiles: number
  /** Why the queue can't be served. */
  readonly bad?: string | undefined
}

/** A claimed file's text, or why it can't be a request. */
export type ClaimedFile = (FileText | NotReadable) & {
  readonly stem: string
  /** It had been claimed before, by a host that did not answer it. */
  readonly resumed: boolean
}

/** Bytes of text that one task brings back at most; a single request may exceed it. */
const MAX_TASK_BYTES = 16 * 1024 * 1024

export function drain({ spool, queues, maxRequestBytes }: DrainTask): Drained[] {
  let bytesLeft = MAX_TASK_BYTES
  return queues.map((wanted) => {
    try {
      using root = SafeFolder.open(spool)
      using requests = root.child(REQUESTS)
      using folder = requests.child(wanted.queue)
      const drained = drainQueue(root, folder, wanted, maxRequestBytes, bytesLeft)
      for (const file of drained.requests) if ('text' in file) bytesLeft -= file.size
      return drained
    } catch (error) {
      if (!isFileError(error)) throw error
      const nothing = { queue: wanted.queue, requests: [], left: [], claimedFiles: 0 }
      return error instanceof BadFolder && error.isMissing ? nothing : { ...nothing, bad: error.message }
    }
  })
}

function drainQueue(
  root: SafeFolder,
  folder: SafeFolder,
  { queue, names, max }: QueueToDrain,
  maxRequestBytes: number,
  maxBytes: number,
): Drained {
  const found = names ? { names, claimedFiles: 0 } : look(folder)
  const requests: ClaimedFile[] = []
  let bad: string | undefined
  let bytes = 0
  let next = 0
  for (; next < found.names.length && requests.length < max && bytes < maxBytes; next++) {
    const name = found.names[next] as string
    try {
      const before = stemOf(name, CLAIMED)
      if (before !== undefined && wasAnswered(root, queue, before)) continue
      const stem = before ?? claim(root, folder, queue, name)
      const file = stem === undefined ? undefined : folder.readText(stem + CLAIMED, maxRequestBytes)
      if (stem === undefined || !file) continue
      requests.push({ stem, ...file, resumed: name.endsWith(CLAIMED) })
      if ('text' in file) bytes += file.size
    } catch (error) {
      if (!isFileError(error)) throw error
      bad ??= `${name}: ${error.message}` // the others may be fine
    }
  }
  return { queue, requests, left: found.names.slice(next), claimedFiles: found.claimedFiles, bad }
}

/** The stem of a request that is ours now; undefined when somebody was faster, or it was withdrawn. */
function claim(root: SafeFolder, folder: SafeFolder, queue: string, name: string): string | undefined {
  const stem = stemOf(name, SUBMITTED)
  if (stem === undefined) return undefined
  // A rename onto a claimed file would put another request in its place, and onto another name of the same
  // file it does nothing at all: a stem that was used is not claimed a second time.
  if (folder.stat(stem + CLAIMED)) {
    setAside(root, folder, queue, name)
    return undefined
  }
  return folder.rename(name, stem + CLAIMED) ? stem : undefined
}

/** Another host may have answered it since its name was found. */
function wasAnswered(root: SafeFolder, queue: string, stem: string): boolean {
  try {
    using responses = root.child(RESPONSES)
    using folder = responses.child(queue)
    return isAnswered(folder, stem)
  } catch (error) {
    if (!(error instanceof BadFolder)) throw error
    return false
  }
}

/**
 * Names of submitted requests, in order. It looks twice: while files are being added, one look may miss a
 * file and see a later one. What was there before anything of the first look was seen by the second.
 */
function look(folder: SafeFolder): { names: string[]; claimedFiles: number } {
  const first = folder.list()
  const submitted = first.filter(isSubmitted)
  const claimedFiles = first.length - submitted.length
  const last = submitted.reduce((highest, name) => (name > highest ? name : highest), '')
  if (last === '') return { names: [], claimedFiles }
  const names = folder.list().filter((name) => isSubmitted(name) && name <= last)
  return { names: names.sort(), claimedFiles }
}

function isSubmitted(name: string): boolean {
  return stemOf(name, SUBMITTED) !== undefined
}
