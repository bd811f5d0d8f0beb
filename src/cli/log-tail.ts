// Reads the hub's log as it grows. The lines of a full file move to an older one, and the file starts again
// (`src/actors/log-file.ts`). It shows every line exactly once.

import { closeSync, createReadStream, fstatSync, openSync, readSync, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { olderLogOf } from '../actors/log-file.js'
import { ArcError } from '../protocol/errors.js'

/** `lastLines` looks into this many bytes at the end of a file. */
const TAIL_BYTES = 1024 * 1024

/** The place up to which a log was read. */
export interface Place {
  readonly bytes: number
  /** Inodes of the log and of the older log. If the older log is another file, the log was full in between. */
  readonly log: number | undefined
  readonly older: number | undefined
}

/** The last lines, from the older log too if the newer one has too few. @throws ArcError `not_found` if there is no log */
export function lastLines(path: string, count: number): { lines: string[]; place: Place } {
  const older = inodeOf(olderLogOf(path))
  const tail = tailOf(path)
  if (!tail) {
    throw new ArcError(
      'not_found',
      `there is no log to read at ${path}; a hub that arc ensure starts writes it (another folder: --storage)`,
    )
  }
  const isShort = tail.lines.length < count && tail.size <= TAIL_BYTES
  const before = isShort ? (tailOf(olderLogOf(path))?.lines ?? []) : []
  const lines = [...before, ...tail.lines]
  return {
    lines: count === 0 ? [] : lines.slice(-count),
    place: { bytes: tail.size, log: tail.inode, older },
  }
}

/** Shows the lines after that place, until the process ends. */
export async function follow(path: string, from: Place, show: (line: string) => void): Promise<never> {
  let place = from
  let reading = Promise.resolve()
  const look = () => {
    reading = reading.then(async () => {
      place = await readOn(path, place, show)
    })
  }
  const names = [path, olderLogOf(path)].map((file) => basename(file))
  watch(dirname(path), (_event, name) => {
    if (name !== null && names.includes(name)) look()
  })
  look() // finds lines from before the watch
  return new Promise(() => {})
}

async function readOn(path: string, from: Place, show: (line: string) => void): Promise<Place> {
  const log = inodeOf(path)
  const older = inodeOf(olderLogOf(path))
  let { bytes } = from
  if (log !== from.log) bytes = 0
  else if (older !== undefined && older !== from.older) {
    await showFrom(olderLogOf(path), bytes, show)
    bytes = 0
  }
  if (log !== undefined) bytes += await showFrom(path, bytes, show)
  return { bytes, log, older }
}

/** Shows the lines after `start`. Resolves with the number of their bytes. */
async function showFrom(path: string, start: number, show: (line: string) => void): Promise<number> {
  const stream = createReadStream(path, { start })
  for await (const line of createInterface({ input: stream })) if (line) show(line)
  return stream.bytesRead
}

function tailOf(path: string): { lines: string[]; size: number; inode: number } | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return undefined
  }
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) return undefined
    const { size, ino } = stat
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES))
    readSync(file, bytes, 0, bytes.length, size - bytes.length)
    return { lines: bytes.toString('utf8').split('\n').filter(Boolean), size, inode: ino }
  } finally {
    closeSync(file)
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino
  } catch {
    return undefined // as for `tailOf`, where nothing can be read there is no log
  }
}
