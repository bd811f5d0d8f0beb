// Reads the hub's log as it grows. The lines of a full file move to an older one, and the file starts again
// (`src/actors/log-file.ts`). It shows every line exactly once, when it is whole: of a
// line that is just written, a reader can get the first half alone.

import { closeSync, fstatSync, openSync, readSync, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { olderLogOf } from '../actors/log-file.js'
import { ArcError } from '../protocol/errors.js'

/** So many bytes at the end of a file are looked into first. */
const TAIL_BYTES = 1024 * 1024

/** A log that is short for longer than these milliseconds was emptied. */
const ROTATION_MS = 200

/** The place up to which a log was read. */
export interface Place {
  readonly bytes: number
  /** Inodes of the log and of the older log. If the older log is another file, the log was full in between. */
  readonly log: number | undefined
  readonly older: number | undefined
  /** Since when the log is shorter than `bytes`: it was emptied, or its lines are about to be in the older log. */
  readonly shortSince?: number
}

/** Lines of a file. */
interface Part {
  readonly lines: readonly string[]
  /** What follows the last newline: the first half of a line, or the last words of a process. */
  readonly rest: string
  /** The bytes up to the last newline. */
  readonly end: number
}

/**
 * The last lines, from the older log too if the newer one has too few, and what follows them.
 * @throws ArcError `not_found` if there is no log
 */
export function lastLines(path: string, count: number): { lines: string[]; rest: string; place: Place } {
  const older = inodeOf(olderLogOf(path))
  const log = inodeOf(path)
  const tail = tailOf(path, count)
  if (!tail) {
    throw new ArcError(
      'not_found',
      `there is no log to read at ${path}; a hub that arc ensure starts writes it (another folder: --storage)`,
    )
  }
  const missing = count - tail.lines.length
  const before = missing > 0 ? (tailOf(olderLogOf(path), missing)?.lines ?? []) : []
  if (inodeOf(olderLogOf(path)) !== older) return lastLines(path, count) // the log was full meanwhile
  const lines = [...before, ...tail.lines]
  return {
    lines: count === 0 ? [] : lines.slice(-count),
    rest: tail.rest,
    place: { bytes: tail.end, log, older },
  }
}

/** Shows the lines after that place, until the process ends. */
export function follow(path: string, from: Place, show: (line: string) => void): Promise<never> {
  let place = from
  const look = () => {
    place = readOn(path, place, show)
    if (place.shortSince !== undefined) setTimeout(look, ROTATION_MS)
  }
  const names = [path, olderLogOf(path)].map((file) => basename(file))
  watch(dirname(path), (_event, name) => {
    if (name !== null && names.includes(name)) look()
  })
  look() // finds lines from before the watch
  return new Promise(() => {})
}

function readOn(path: string, from: Place, show: (line: string) => void): Place {
  const log = inodeOf(path)
  const older = inodeOf(olderLogOf(path))
  const isSame = log === from.log
  const wasFull = isSame && older !== undefined && older !== from.older
  const before = wasFull ? partAfter(olderLogOf(path), from.bytes) : undefined
  const isShort = isSame && !wasFull && sizeOf(path) < from.bytes
  const { shortSince = performance.now() } = from
  if (isShort && performance.now() - shortSince < ROTATION_MS) return { ...from, shortSince }
  const start = isSame && !wasFull && !isShort ? from.bytes : 0
  const now = partAfter(path, start)
  if (inodeOf(olderLogOf(path)) !== older) return readOn(path, from, show) // the log was full meanwhile
  for (const line of [...(before?.lines ?? []), ...(now?.lines ?? [])]) show(line)
  return { bytes: now?.end ?? start, log, older }
}

const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0

const partAfter = (path: string, start: number) => reading(path, (partFrom) => partFrom(start))

/** At least the last `count` lines, if the file has so many. */
const tailOf = (path: string, count: number) =>
  reading(path, (partFrom, size) => {
    for (let length = TAIL_BYTES; length < size; length *= 4) {
      const part = partFrom(size - length)
      const [, ...lines] = part.lines // the first is cut
      if (lines.length >= count) return { ...part, lines }
    }
    return partFrom(0)
  })

/** What `look` makes of the file. Undefined: there is none. */
function reading(
  path: string,
  look: (partFrom: (start: number) => Part, size: number) => Part,
): Part | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return undefined
  }
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) return undefined
    const partFrom = (start: number) => {
      const bytes = Buffer.alloc(Math.max(0, stat.size - start))
      const length = readSync(file, bytes, 0, bytes.length, start) // fewer if the log was full meanwhile
      return partOf(bytes.subarray(0, length), start)
    }
    return look(partFrom, stat.size)
  } finally {
    closeSync(file)
  }
}

function partOf(bytes: Buffer, start: number): Part {
  const length = bytes.lastIndexOf('\n') + 1
  const lines = bytes.toString('utf8', 0, length).split('\n').filter(Boolean)
  return { lines, rest: bytes.toString('utf8', length), end: start + length }
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino
  } catch {
    return undefined // as for `tailOf`, where nothing can be read there is no log
  }
}
