// The costs of a process, from Linux's /proc: memory, and processor time by thread. Processor time depends little on what
// else runs on the machine, unlike a rate, so two versions can be compared on a busy one.

import { readdirSync, readFileSync } from 'node:fs'

/** Microseconds of processor time by thread id; empty where there is no /proc. */
export type ThreadTimes = ReadonlyMap<string, number>

export function threadTimes(pid: number): ThreadTimes {
  const times = new Map<string, number>()
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
      times.set(thread, Number(nanoseconds) / 1_000)
    }
  } catch {
    // Not Linux, or the thread has just ended.
  }
  return times
}

/** Microseconds of processor time of all threads between two readings. */
export function spentBetween(before: ThreadTimes, after: ThreadTimes): number {
  return [...after].reduce((sum, [thread, time]) => sum + time - (before.get(thread) ?? 0), 0)
}

/** Resident memory of a process in MiB; undefined where there is no /proc. */
export function residentMb(pid: number): number | undefined {
  try {
    const [, kb] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return kb === undefined ? undefined : Math.round(Number(kb) / 1_024)
  } catch {
    return undefined
  }
}
