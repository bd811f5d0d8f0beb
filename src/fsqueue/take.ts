// Takes requests out of a spool, in a worker: claims their files and reads them.
//
// Guarantees: of two hosts that try at once, one gets a request. The requests of one queue come back in the order of their
// names. Links are not followed, and no entry can block the task. A task is bounded, however much lies there.

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

export interface TakeTask {
  readonly spool: string
  readonly queues: readonly QueueTurn[]
  readonly maxRequestBytes: number
  /** The most bytes of text to return. A single request may exceed it. */
  readonly maxBytes: number
}

export interface QueueTurn {
  readonly queue: string
  /** Known names, in order: `.json` to claim, `.work` to resume. Absent: list the folder for new ones. */
  readonly names?: readonly string[] | undefined
  /** The most requests to take. */
  readonly max: number
  /** The most names to return after listing the folder. */
  readonly maxNames: number
}

export interface Taken {
  readonly queue: string
  readonly requests: readonly ClaimedFile[]
  /** Names of files that were not taken yet, in order. */
  readonly backlog: readonly string[]
  /** The folder holds more names than these. */
  readonly more: boolean
  /** The number of claimed files in the folder. When they are many, it is time to archive. */
  readonly claimedFiles: number
  /** Why the queue, or an entry in it, can't be served. */
  readonly bad?: string | undefined
}

/** A claimed file's text, or the reason why it can't be a request. */
export type ClaimedFile = (FileText | NotReadable) & {
  readonly stem: string
  /** A host claimed it before and did not answer it. */
  readonly resumed: boolean
}

export function take({ spool, queues, maxRequestBytes, maxBytes }: TakeTask): Taken[] {
  let bytesLeft = maxBytes
  return queues.map((wanted) => {
    try {
      using root = SafeFolder.open(spool)
      using requests = root.child(REQUESTS)
      using folder = requests.child(wanted.queue)
      const taken = takeFromQueue(root, folder, wanted, maxRequestBytes, bytesLeft)
      for (const file of taken.requests) if ('text' in file) bytesLeft -= file.size
      return taken
    } catch (error) {
      if (!isFileError(error)) throw error
      const nothing = { queue: wanted.queue, requests: [], backlog: [], more: false, claimedFiles: 0 }
      return error instanceof BadFolder && error.isMissing ? nothing : { ...nothing, bad: error.message }
    }
  })
}

function takeFromQueue(
  root: SafeFolder,
  folder: SafeFolder,
  { queue, names, max, maxNames }: QueueTurn,
  maxRequestBytes: number,
  maxBytes: number,
): Taken {
  const found = names ? { names, more: false, claimedFiles: 0 } : submittedIn(root, folder, queue, maxNames)
  const requests: ClaimedFile[] = []
  let bad = 'bad' in found ? found.bad : undefined
  let bytes = 0
  let next = 0
  for (; next < Math.min(found.names.length, max) && bytes < maxBytes; next++) {
    const name = found.names[next] as string
    try {
      const file = takeOne(root, folder, queue, name, maxRequestBytes)
      if (!file) continue
      requests.push(file)
      if ('text' in file) bytes += file.size
    } catch (error) {
      if (!isFileError(error)) throw error
      bad ??= `${name}: ${error.message}` // the others may be fine
    }
  }
  const { more, claimedFiles } = found
  return { queue, requests, backlog: found.names.slice(next), more, claimedFiles, bad }
}

/** Claims a request if need be, and reads it. Undefined if the file is gone, or is answered by now. */
function takeOne(
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
  // The claim has changed the file's times, so the time of writing is the one from before.
  return { ...file, ...('text' in file && { writtenMs: submittedMs }), stem, resumed: false }
}

/** Undefined if another host was faster, or the client has withdrawn the request. */
function claim(
  root: SafeFolder,
  folder: SafeFolder,
  queue: string,
  name: string,
): { stem: string; submittedMs: number } | undefined {
  const stem = stemOf(name, SUBMITTED)
  const submitted = folder.stat(name)
  if (stem === undefined || !submitted) return undefined
  // A stem is not claimed twice. A rename onto a claimed file would replace that request, and a rename onto another name of
  // the same file would do nothing.
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
 * Names of submitted requests, in order. The folder is listed twice: while files are added, one listing may miss a file and
 * show a later one. The second listing shows every file that is older than one of the first.
 */
function submittedIn(root: SafeFolder, folder: SafeFolder, queue: string, maxNames: number) {
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

/** A request whose name is not UTF-8 gets no answer, since no response can have its name. */
function refuseUnreadable(root: SafeFolder, folder: SafeFolder, queue: string): string | undefined {
  const names = folder.listUnreadable()
  for (const name of names) setAside(root, folder, queue, name)
  return names.length > 0 ? 'names that are not UTF-8 were moved to the archive' : undefined
}

function isSubmitted(name: string): boolean {
  return stemOf(name, SUBMITTED) !== undefined
}
