// Claims and reads requests, in a worker.
//
// Guarantees: of two hosts that claim one request, one gets it. The requests of a queue come in the order of their names.
// It follows, waits for and executes no entry of the other side. One task's work is bounded, however full the folder is.

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
  /** The most bytes of text to return; a single request may exceed it. */
  readonly maxBytes: number
}

export interface QueueToDrain {
  readonly queue: string
  /** Names found before, in order: `.json` to claim, `.work` to take again. Absent: it looks for new ones. */
  readonly names?: readonly string[] | undefined
  /** Names to take at most. */
  readonly max: number
  /** The most names to return when it looks for new ones. */
  readonly maxNames: number
}

export interface Drained {
  readonly queue: string
  readonly requests: readonly ClaimedFile[]
  /** Names that it found and did not take, in order. */
  readonly left: readonly string[]
  /** There were more names than it returned. */
  readonly more: boolean
  /** How many claimed files are in the folder. If they are many, the archive task is due. */
  readonly claimedFiles: number
  /** Why the queue, or an entry in it, can't be served. */
  readonly bad?: string | undefined
}

/** A claimed file's text, or why it can't be a request. */
export type ClaimedFile = (FileText | NotReadable) & {
  readonly stem: string
  /** Another host had claimed it and left it unanswered. */
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

/** Claims a request, unless it is claimed, and reads it. Undefined if another host has it. */
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
  // A claim changes the file's time, so the time of writing was read before.
  return { ...file, ...('text' in file && { writtenMs: submittedMs }), stem, resumed: false }
}

/** Claims a request. Undefined if another host was faster, or the client withdrew it. */
function claim(
  root: SafeFolder,
  folder: SafeFolder,
  queue: string,
  name: string,
): { stem: string; submittedMs: number } | undefined {
  const stem = stemOf(name, SUBMITTED)
  const submitted = folder.stat(name)
  if (stem === undefined || !submitted) return undefined
  // A stem is never claimed twice: the rename would replace a claimed request, or do nothing if both names are one file.
  if (folder.stat(stem + CLAIMED)) {
    setAside(root, folder, queue, name)
    return undefined
  }
  return folder.rename(name, stem + CLAIMED) ? { stem, submittedMs: writtenMs(submitted) } : undefined
}

/** Whether another host has answered it since its name was found. */
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
 * Names of submitted requests, in order. It lists the folder twice: while clients add files, one listing may miss a file and
 * show a later one. The second listing shows every file that is older than one of the first.
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

/** A name that is not UTF-8 gets no answer, since no response file can have it. */
function refuseUnreadable(root: SafeFolder, folder: SafeFolder, queue: string): string | undefined {
  const names = folder.listUnreadable()
  for (const name of names) setAside(root, folder, queue, name)
  return names.length > 0 ? 'names that are not UTF-8 were moved to the archive' : undefined
}

function isSubmitted(name: string): boolean {
  return stemOf(name, SUBMITTED) !== undefined
}
