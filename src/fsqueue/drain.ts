// Claims requests and reads them: the worker's part of taking work out of a spool.
//
// Guarantees: of two hosts that try at once one gets a request; the requests of one queue are returned in
// the order of their names; nothing that the other side puts there is followed, waited for or executed; what
// one task does is bounded, however much lies there.

import { isAnswered, setAside } from './archive.js'
import { CLAIMED, REQUESTS, RESPONSES, SUBMITTED, stemOf } from './layout.js'
import {
  BadFolder,
  type FileText,
  isFileError,
  type NotReadable,
  SafeFolder,
  writtenMs,
} from './safe-folder.js'

export interface DrainTask {
  readonly spool: string
  readonly queues: readonly QueueToDrain[]
  readonly maxRequestBytes: number
  /** Bytes of text to bring back at most; a single request may exceed it. */
  readonly maxBytes: number
}

export interface QueueToDrain {
  readonly queue: string
  /** Names found before, in order: `.json` to be claimed, `.work` to be taken up again. Absent: look for new ones. */
  readonly names?: readonly string[] | undefined
  /** Names to take at most. */
  readonly max: number
  /** Names to bring back at most when it looks for new ones. */
  readonly maxNames: number
}

export interface Drained {
  readonly queue: string
  readonly requests: readonly ClaimedFile[]
  /** Names that are there and were not taken yet, in order. */
  readonly left: readonly string[]
  /** There were more names than were brought back. */
  readonly more: boolean
  /** Claimed files that stand in the folder: when they are many, it is time to archive. */
  readonly claimedFiles: number
  /** Why the queue, or a thing in it, can't be served. */
  readonly bad?: string | undefined
}

/** A claimed file's text, or why it can't be a request. */
export type ClaimedFile = (FileText | NotReadable) & {
  readonly stem: string
  /** It had been claimed before, by a host that did not answer it. */
  readonly resumed: boolean
}

export function drain({ spool, queues, maxRequestBytes, maxBytes }: DrainTask): Drained[] {
  let bytesLeft = maxBytes
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
      const nothing = { queue: wanted.queue, requests: [], left: [], more: false, claimedFiles: 0 }
      return error instanceof BadFolder && error.isMissing ? nothing : { ...nothing, bad: error.message }
    }
  })
}

function drainQueue(
  root: SafeFolder,
  folder: SafeFolder,
  { queue, names, max, maxNames }: QueueToDrain,
  maxRequestBytes: number,
  maxBytes: number,
): Drained {
  const found = names ? { names, more: false, claimedFiles: 0 } : look(root, folder, queue, maxNames)
  const requests: ClaimedFile[] = []
  let bad = 'bad' in found ? found.bad : undefined
  let bytes = 0
  let next = 0
  for (; next < Math.min(found.names.length, max) && bytes < maxBytes; next++) {
    const name = found.names[next] as string
    try {
      const file = take(root, folder, queue, name, maxRequestBytes)
      if (!file) continue
      requests.push(file)
      if ('text' in file) bytes += file.size
    } catch (error) {
      if (!isFileError(error)) throw error
      bad ??= `${name}: ${error.message}` // the others may be fine
    }
  }
  const { more, claimedFiles } = found
  return { queue, requests, left: found.names.slice(next), more, claimedFiles, bad }
}

/** Claims a request, unless it was claimed before, and reads it; undefined when there is none to be had. */
function take(
  root: SafeFolder,
  folder: SafeFolder,
  queue: string,
  name: string,
  maxRequestBytes: number,
): ClaimedFile | undefined {
  const before = stemOf(name, CLAIMED)
  if (before !== undefined) {
    if (wasAnswered(root, queue, before)) return undefined
    const file = folder.readText(before + CLAIMED, maxRequestBytes)
    return file && { ...file, stem: before, resumed: true }
  }
  const claimed = claim(root, folder, queue, name)
  if (!claimed) return undefined
  const { stem, submittedMs } = claimed
  const file = folder.readText(stem + CLAIMED, maxRequestBytes)
  if (!file) return { stem, resumed: false, problem: 'it was taken away after it had been claimed' }
  // To claim it was a change: when it was written was to be seen before.
  return { ...file, ...('text' in file && { writtenMs: submittedMs }), stem, resumed: false }
}

/** A request that is ours now; undefined when somebody was faster, or it was withdrawn. */
function claim(
  root: SafeFolder,
  folder: SafeFolder,
  queue: string,
  name: string,
): { stem: string; submittedMs: number } | undefined {
  const stem = stemOf(name, SUBMITTED)
  const submitted = folder.stat(name)
  if (stem === undefined || !submitted) return undefined
  // A rename onto a claimed file would put another request in its place, and onto another name of the same
  // file it does nothing at all: a stem that was used is not claimed a second time.
  if (folder.stat(stem + CLAIMED)) {
    setAside(root, folder, queue, name)
    return undefined
  }
  return folder.rename(name, stem + CLAIMED) ? { stem, submittedMs: writtenMs(submitted) } : undefined
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
function look(root: SafeFolder, folder: SafeFolder, queue: string, maxNames: number) {
  const first = folder.list()
  const bad = first.some((name) => name.includes('\ufffd'))
    ? refuseUnreadable(root, folder, queue)
    : undefined
  const submitted = first.filter(isSubmitted)
  const claimedFiles = first.length - submitted.length
  const last = submitted.reduce((highest, name) => (name > highest ? name : highest), '')
  if (last === '') return { names: [], more: false, claimedFiles, bad }
  const names = folder.list().filter((name) => isSubmitted(name) && name <= last)
  names.sort()
  return { names: names.slice(0, maxNames), more: names.length > maxNames, claimedFiles, bad }
}

/** A name that is no text can't be answered: no response could bear it. */
function refuseUnreadable(root: SafeFolder, folder: SafeFolder, queue: string): string | undefined {
  const names = folder.listUnreadable()
  for (const name of names) setAside(root, folder, queue, name)
  return names.length > 0 ? 'names that are not UTF-8 were moved to the archive' : undefined
}

function isSubmitted(name: string): boolean {
  return stemOf(name, SUBMITTED) !== undefined
}
