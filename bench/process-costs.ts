// What a process costs, from Linux's /proc: memory, and processor time by thread. Unlike a rate the latter hardly
// depends on what else runs on the machine, so that two versions can be compared on a busy one.

import { readdirSync, readFileSync } from 'node:fs'

/** Microseconds that each thread has run for, by thread id; empty where there is no /proc. */
export type ThreadTimes = ReadonlyMap<string, number>

export function threadTimes(pid: number): ThreadTimes {
  const times = new Map<string, number>()
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
      times.set(thread, Number(nanoseconds) / 1_000)
    }
  } catch {
    // Not Linux, or a thread that has just ended.
  }
  return times
}

/** Microseconds that all threads together have run for between two looks. */
export function spentBetween(before: ThreadTimes, after: ThreadTimes): number {
  return [...after].reduce((sum, [thread, time]) => sum + time - (before.get(thread) ?? 0), 0)
}

/** Resident memory of a process, MiB; undefined where there is no /proc. */
export function residentMb(pid: number): number | undefined {
  try {
    const [, kb] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return kb === undefined ? undefined : Math.round(Number(kb) / 1_024)
  } catch {
    return undefined
  }
}
