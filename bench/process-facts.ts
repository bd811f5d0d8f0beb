// What Linux tells of a running process in /proc, besides its threads' times. Nothing where there is no /proc,
// or where the process is not on this machine.

import { readdirSync, readFileSync } from 'node:fs'
import { residentMb, spentBetween, type ThreadTimes, threadTimes } from './process-costs.js'

/** A process at one moment. */
export interface Look {
  /** Milliseconds, to be held against those of another look only. */
  readonly atMs: number
  readonly times: ThreadTimes
  /** How often its threads have gone to sleep by themselves so far. */
  readonly voluntarySwitches: number
  readonly residentMb: number
}

export function lookAt(pid: number): Look | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const switches = threads.map((thread) => {
      return numberIn(`/proc/${pid}/task/${thread}/status`, /^voluntary_ctxt_switches:\s*(\d+)/m)
    })
    return {
      atMs: performance.now(),
      times: threadTimes(pid),
      voluntarySwitches: switches.reduce((sum, count) => sum + count, 0),
      residentMb: residentMb(pid) ?? Number.NaN,
    }
  } catch {
    return undefined
  }
}

/** What a process did between two looks. */
export interface Activity {
  /** Of one processor, all threads together. */
  readonly processorPercent: number
  readonly switchesPerSec: number
}

export function activityBetween(before: Look, after: Look): Activity {
  const ms = after.atMs - before.atMs
  const spentUs = spentBetween(before.times, after.times)
  return {
    processorPercent: spentUs / ms / 10,
    switchesPerSec: ((after.voluntarySwitches - before.voluntarySwitches) * 1_000) / ms,
  }
}

/** What a process has open besides the sockets of a load. */
const OTHER_FILES = 200

/** Why a load can't have that many sockets, here and in the process that it loads; undefined where it can. */
export function tooFewFiles(sockets: number, pid = process.pid): string | undefined {
  const limit = Math.min(openFilesLimit(process.pid), openFilesLimit(pid))
  if (limit >= sockets + OTHER_FILES) return undefined
  return `a process may have ${limit} files and sockets open (ulimit -n)`
}

function openFilesLimit(pid: number): number {
  try {
    return numberIn(`/proc/${pid}/limits`, /^Max open files\s+(\d+)/m)
  } catch {
    return Number.POSITIVE_INFINITY // not known: to be tried
  }
}

function numberIn(path: string, pattern: RegExp): number {
  const [, digits] = pattern.exec(readFileSync(path, 'utf8')) ?? []
  if (digits === undefined) throw new Error(`${path} does not say ${pattern}`)
  return Number(digits)
}
