// Keeps the hot folders small: what is settled is moved into `archive/<day>/`, which whoever runs the host
// may delete at any time. A claimed request is moved once its response is there, a response once its
// client has had ample time to read it. What is neither (a request that another host works on) stays.

import { randomBytes } from 'node:crypto'
import {
  ABANDONED,
  ARCHIVE,
  archiveDay,
  CANCELLED,
  CLAIMED,
  REFUSED,
  REQUESTS,
  RESPONSE,
  RESPONSES,
  SUBMITTED,
  stemOf,
} from './layout.js'
import { BadFolder, isFileError, SafeFolder } from './safe-folder.js'

export interface ArchiveTask {
  readonly spool: string
  readonly queue: string
  /** Stems that this host has not answered yet. */
  readonly unanswered: readonly string[]
  /** The newest so many settled requests stay, however old, so that one can look at what happened last. */
  readonly keepNewest: number
  /** Milliseconds after which a settled request is moved although it is among the newest. */
  readonly requestAgeMs: number
  /** Milliseconds that a response stays at least. */
  readonly responseAgeMs: number
  /** Milliseconds after which a claimed request without a response counts as given up by its host. */
  readonly orphanAgeMs: number
  /** Look at the responses as well. */
  readonly responses: boolean
  /** Requests, and responses, to move at most: a worker is not to be held up for long. */
  readonly maxMoves: number
}

export interface Archived {
  readonly moved: number
  /** Why nothing could be moved. */
  readonly bad?: string | undefined
  /** Claimed long ago, unanswered, and not ours: names to be taken up again. */
  readonly orphans: readonly string[]
  /** When the oldest response that was seen and left was written, epoch milliseconds. */
  readonly oldestMs?: number | undefined
}

const TEMPORARY_AGE_MS = 3_600_000

export function archive(task: ArchiveTask): Archived {
  try {
    using root = SafeFolder.open(task.spool)
    const requests = archiveRequests(root, task)
    if (!task.responses) return requests
    const responses = archiveResponses(root, task)
    return { ...requests, ...responses, moved: requests.moved + responses.moved }
  } catch (error) {
    if (!isFileError(error)) throw error
    const isGone = error instanceof BadFolder && error.isMissing
    return { moved: 0, orphans: [], bad: isGone ? undefined : error.message } // it is tried again soon
  }
}

function archiveRequests(root: SafeFolder, task: ArchiveTask): Archived {
  const now = Date.now()
  using requests = root.child(REQUESTS)
  using folder = requests.child(task.queue)
  using all = root.child(RESPONSES)
  using responses = all.child(task.queue, { make: true })
  const unanswered = new Set(task.unanswered)
  const settled: string[] = []
  const orphans: string[] = []
  const pending = (name: string) => stemOf(name, SUBMITTED) !== undefined
  const names = folder.list().filter((name) => !pending(name))
  for (const name of names.sort()) {
    if (settled.length >= task.keepNewest + task.maxMoves || orphans.length >= task.maxMoves) break
    const stem = stemOf(name, CLAIMED)
    if (stem === undefined) {
      const isOver = stemOf(name, CANCELLED) !== undefined || stemOf(name, ABANDONED) !== undefined
      if (isOver || isForgotten(folder, name, now)) settled.push(name)
    } else if (!unanswered.has(stem)) {
      if (isAnswered(responses, stem)) settled.push(name)
      else if (now - (folder.stat(name)?.ctimeMs ?? now) > task.orphanAgeMs) orphans.push(name)
    }
  }
  const surplus = settled.length - task.keepNewest
  const isOld = (name: string) => now - (folder.stat(name)?.ctimeMs ?? now) > task.requestAgeMs
  const due = settled.filter((name, i) => i < surplus || isOld(name))
  return { moved: moveAll(root, folder, REQUESTS, task.queue, due, now), orphans }
}

function archiveResponses(root: SafeFolder, task: ArchiveTask): Pick<Archived, 'moved' | 'oldestMs'> {
  const now = Date.now()
  using all = root.child(RESPONSES)
  using folder = all.child(task.queue)
  using requests = root.child(REQUESTS)
  using claimed = requests.child(task.queue)
  let oldestMs: number | undefined
  const isDue = (name: string) => {
    const stem = stemOf(name, RESPONSE)
    if (stem === undefined) return isForgotten(folder, name, now)
    const writtenMs = folder.stat(name)?.mtimeMs ?? now
    // After its request, which would seem unanswered without it.
    if (now - writtenMs > task.responseAgeMs && !claimed.stat(stem + CLAIMED)) return true
    oldestMs = Math.min(writtenMs, oldestMs ?? now)
    return false
  }
  const due: string[] = []
  for (const name of folder.list()) {
    if (due.length >= task.maxMoves) break
    if (isDue(name)) due.push(name)
  }
  return { moved: moveAll(root, folder, RESPONSES, task.queue, due, now), oldestMs }
}

function moveAll(
  root: SafeFolder,
  folder: SafeFolder,
  kind: string,
  queue: string,
  names: readonly string[],
  now: number,
): number {
  if (names.length === 0) return 0
  using target = openArchive(root, kind, queue, archiveDay(now))
  return names.filter((name) => tryToMove(folder, name, target)).length
}

/** What can't be moved stays: nobody waits for it. */
function tryToMove(folder: SafeFolder, name: string, target: SafeFolder): boolean {
  try {
    return folder.rename(name, name, target)
  } catch (error) {
    if (!isFileError(error)) throw error
    return false
  }
}

/** Moves a thing that is in the way and can't be a request or a response. */
export function setAside(root: SafeFolder, folder: SafeFolder, queue: string, name: string | Buffer): void {
  using target = openArchive(root, REFUSED, queue, archiveDay(Date.now()))
  const shown = name.toString().replace(/[^A-Za-z0-9._-]+/g, '_') // one byte a character: it stays short enough
  folder.rename(name, `${randomBytes(6).toString('base64url')}-${shown.slice(0, 200)}`, target)
}

function openArchive(root: SafeFolder, kind: string, queue: string, day: string): SafeFolder {
  using archive = root.own(ARCHIVE)
  using today = archive.own(day)
  using ofKind = today.own(kind)
  return ofKind.own(queue)
}

/**
 * An empty one was being written when the power failed, and what is no regular file is not ours: they count
 * as not there, and are replaced.
 */
export function isAnswered(responses: SafeFolder, stem: string): boolean {
  const response = responses.stat(stem + RESPONSE)
  return response?.isFile() === true && response.size > 0
}

/** A temporary file whose writer has died. */
function isForgotten(folder: SafeFolder, name: string, now: number): boolean {
  if (!name.startsWith('.') || !name.endsWith('.tmp')) return false
  return now - (folder.stat(name)?.mtimeMs ?? now) > TEMPORARY_AGE_MS
}
