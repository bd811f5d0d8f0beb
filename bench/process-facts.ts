// Facts about a running process from Linux's /proc, besides its threads' times. Undefined where there is no /proc, and
// for a process on another machine.

import { readdirSync, readFileSync } from 'node:fs'
import { residentMb, spentBetween, type ThreadTimes, threadTimes } from './process-costs.js'

/** A process at one moment. */
export interface Look {
  /** Milliseconds of a clock that compares only with another look's. */
  readonly atMs: number
  readonly times: ThreadTimes
  /** How often its threads have gone to sleep by themselves since the start. */
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
  /** Of one core, for all threads together. */
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

/** Files that a process has open besides the sockets of a load. */
const OTHER_FILES = 200

/** Why this process or the loaded one can't have that many sockets; undefined if both can. */
export function tooFewFiles(sockets: number, pid = process.pid): string | undefined {
  const limit = Math.min(openFilesLimit(process.pid), openFilesLimit(pid))
  if (limit >= sockets + OTHER_FILES) return undefined
  return `a process may have ${limit} files and sockets open (ulimit -n)`
}

function openFilesLimit(pid: number): number {
  try {
    return numberIn(`/proc/${pid}/limits`, /^Max open files\s+(\d+)/m)
  } catch {
    return Number.POSITIVE_INFINITY // unknown: the load tries it
  }
}

function numberIn(path: string, pattern: RegExp): number {
  const [, digits] = pattern.exec(readFileSync(path, 'utf8')) ?? []
  if (digits === undefined) throw new Error(`${path} does not say ${pattern}`)
  return Number(digits)
}
