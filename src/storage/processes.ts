// The processes of this machine, as far as the hub sees them: a session may share the life of one (PROTOCOL §17).
//
// Pids are used again, so a mark names a process by its start as well. It begins with the place where its pid counts: the
// machine's boot and the namespace of pids on Linux, else the host's name. A hub looks at the processes of its own place.

import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { isAlive, statOf, timeOf } from '../process-stat.js'

export interface SessionProcess {
  readonly pid: number
  /** RFC 3339. */
  readonly started_at: string
}

export interface Processes {
  /** Begins every mark of a process here. */
  readonly place: string
  /** The mark of a running process; undefined if none is seen that started then. */
  markOf(process: SessionProcess): string | undefined
  isRunning(pid: number, mark: string): boolean
}

/** A program knows its own start less exactly than the system does. */
const TOLERANCE_MS = 3_000

export const PROCESSES: Processes = {
  place: placeHere(),
  markOf({ pid, started_at }) {
    if (!isAlive(pid)) return undefined
    const ticks = statOf(pid)?.startTicks
    const startedAtMs = ticks === undefined ? undefined : timeOf(ticks)
    if (startedAtMs !== undefined && Math.abs(Date.parse(started_at) - startedAtMs) > TOLERANCE_MS)
      return undefined
    return markHere(ticks)
  },
  isRunning(pid, mark) {
    return isAlive(pid) && markHere(statOf(pid)?.startTicks) === mark
  },
}

function markHere(ticks: number | undefined): string {
  return `${PROCESSES.place} ${ticks ?? ''}`
}

function placeHere(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}
