// Whether a process of this machine lives. Linux also tells when it started.

import { readFileSync } from 'node:fs'

export interface ProcessStat {
  /** It has ended, but its parent has not collected it. In containers that may take long or for ever. */
  readonly hasEnded: boolean
  /** Clock ticks from the boot to its start. */
  readonly startTicks: number
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return !statOf(pid)?.hasEnded
}

/** Linux counts starts in hundredths of a second. */
const TICKS_PER_SEC = 100

/**
 * The time of a start in ticks, epoch milliseconds; undefined where /proc does not tell. The system's time of boot moves with
 * the clock, and counts the time that the machine slept.
 */
export function timeOf(startTicks: number): number | undefined {
  let stat: string
  try {
    stat = readFileSync('/proc/stat', 'utf8')
  } catch {
    return undefined
  }
  const bootSec = Number(/^btime ([0-9]+)$/m.exec(stat)?.[1])
  return Number.isNaN(bootSec) ? undefined : (bootSec + startTicks / TICKS_PER_SEC) * 1_000
}

/** A process's entry in /proc; undefined if there is none. */
export function statOf(pid: number): ProcessStat | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // The second field, the name, may hold anything; the third is the state, the twenty-second the start.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { hasEnded: fields[0] === 'Z' || fields[0] === 'X', startTicks: Number(fields[19]) }
}
