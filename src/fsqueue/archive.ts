// Keeps the hot folders small: it moves settled files into `archive/<day>/`, which the operator may delete at any time. A
// claimed request moves when its response is there. A response moves when its client has had ample time to read it. A
// request that another host works on stays.

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
  /** The number of newest settled requests that stay, so that people can read them. */
  readonly keepNewest: number
  /** Milliseconds after which a settled request is moved although it is among the newest. */
  readonly requestAgeMs: number
  /** Milliseconds for which a response stays. */
  readonly responseAgeMs: number
  /** Milliseconds after which a claimed request without a response counts as abandoned by its host. */
  readonly orphanAgeMs: number
  /** Archive responses as well. */
  readonly responses: boolean
  /** The most requests, and responses, to move: a task must not hold a worker for long. */
  readonly maxMoves: number
}

export interface Archived {
  readonly moved: number
  /** Nothing is left to move, now or later. */
  readonly isEmpty: boolean
  /** Why nothing could be moved. */
  readonly bad?: string | undefined
  /** Names of old claimed requests without a response that are not ours: the host takes them again. */
  readonly orphans: readonly string[]
  /** When the oldest response that stays was written, in epoch milliseconds. */
  readonly oldestMs?: number | undefined
}

const TEMPORARY_AGE_MS = 3_600_000

export function archive(task: ArchiveTask): Archived {
  try {
    using root = SafeFolder.open(task.spool)
    const requests = archiveRequests(root, task)
    if (!task.responses) return { ...requests, isEmpty: false }
    const responses = archiveResponses(root, task)
    const isEmpty = requests.isEmpty && responses.isEmpty
    return { ...requests, ...responses, isEmpty, moved: requests.moved + responses.moved }
  } catch (error) {
    if (!isFileError(error)) throw error
    const isGone = error instanceof BadFolder && error.isMissing
    return { moved: 0, isEmpty: isGone, orphans: [], bad: isGone ? undefined : error.message } // the host tries again soon
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
  const moved = moveAll(root, folder, REQUESTS, task.queue, due, now)
  return { moved, isEmpty: names.length === moved, orphans }
}

function archiveResponses(
  root: SafeFolder,
  task: ArchiveTask,
): Pick<Archived, 'moved' | 'isEmpty' | 'oldestMs'> {
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
    // After its request, which would otherwise seem unanswered.
    if (now - writtenMs > task.responseAgeMs && !claimed.stat(stem + CLAIMED)) return true
    oldestMs = Math.min(writtenMs, oldestMs ?? now)
    return false
  }
  const due: string[] = []
  const names = folder.list()
  for (const name of names) {
    if (due.length >= task.maxMoves) break
    if (isDue(name)) due.push(name)
  }
  const moved = moveAll(root, folder, RESPONSES, task.queue, due, now)
  return { moved, isEmpty: names.length === moved, oldestMs }
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

/** A file that can't be moved stays; nobody waits for it. */
function tryToMove(folder: SafeFolder, name: string, target: SafeFolder): boolean {
  try {
    return folder.rename(name, name, target)
  } catch (error) {
    if (!isFileError(error)) throw error
    return false
  }
}

/** Moves an entry that can't be a request or a response. */
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
 * Whether a response is there. An empty file comes from a power failure, and an entry that is no regular file is not ours:
 * neither counts, and the host replaces both.
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
