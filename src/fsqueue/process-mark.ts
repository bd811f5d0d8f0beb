// The mark of a process in a folder. A pid alone is not enough: pids are used again, and in containers most hubs have pid
// 1. So on Linux a mark also holds the start time of its process, the machine's boot and the pid namespace. Marks of other
// systems and of earlier versions hold the pid alone.

import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { isAlive, statOf } from '../process-stat.js'

export interface ProcessMark {
  readonly host_name: string
  readonly pid: number
  readonly boot_id?: string | undefined
  readonly pid_namespace?: string | undefined
  /** Clock ticks from the boot to the start of the process. */
  readonly start_ticks?: number | undefined
}

/**
 * `alive` and `gone` are certain. A process `elsewhere` can't be seen from here: it is on another machine, or in another
 * container on this one.
 */
export type Whereabouts = 'alive' | 'gone' | 'elsewhere'

const BOOT_ID = unlessMissing(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
const PID_NAMESPACE = unlessMissing(() => readlinkSync('/proc/self/ns/pid'))

/** The mark of this process. */
export const THIS_PROCESS: ProcessMark = {
  host_name: hostname(),
  pid: process.pid,
  boot_id: BOOT_ID,
  pid_namespace: PID_NAMESPACE,
  start_ticks: statOf(process.pid)?.startTicks,
}

/** When this process started, epoch milliseconds. */
export const STARTED_AT_MS = Date.now() - process.uptime() * 1_000

export function isThisProcess(mark: ProcessMark): boolean {
  const { host_name, pid, pid_namespace, start_ticks } = THIS_PROCESS
  if (mark.host_name !== host_name || mark.pid !== pid) return false
  return mark.pid_namespace === pid_namespace && mark.start_ticks === start_ticks
}

export function whereaboutsOf(mark: ProcessMark): Whereabouts {
  const { host_name, boot_id, pid_namespace, pid, start_ticks } = mark
  if (host_name !== THIS_PROCESS.host_name || differ(boot_id, BOOT_ID)) return 'elsewhere'
  if (differ(pid_namespace, PID_NAMESPACE)) return 'elsewhere'
  if (pid === process.pid) return isThisProcess(mark) ? 'alive' : 'gone'
  return isAlive(pid) && !differ(start_ticks, statOf(pid)?.startTicks) ? 'alive' : 'gone'
}

/** Both are known, and not the same. */
function differ<T>(a: T | undefined, b: T | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b
}

function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
