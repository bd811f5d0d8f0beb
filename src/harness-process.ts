// The harness's own process: the nearest ancestor of a hook or an MCP server that is no shell. Only Linux tells.

import { readFileSync } from 'node:fs'
import { statOf } from './process-stat.js'

const SHELLS = /^-?(sh|bash|dash|zsh|fish|ksh|busybox|env|timeout)$/
const MOST_STEPS = 8
/** Linux counts starts in hundredths of a second. */
const TICKS_PER_SEC = 100

export function harnessProcess(): { pid: number; started_at: string } | undefined {
  const program = found()
  const bootSec = Number(/^btime ([0-9]+)$/m.exec(program ? readFileSync('/proc/stat', 'utf8') : '')?.[1])
  if (!program || Number.isNaN(bootSec)) return undefined
  const startedMs = (bootSec + program.startTicks / TICKS_PER_SEC) * 1_000
  return { pid: program.pid, started_at: new Date(startedMs).toISOString() }
}

/** The session of a harness that tells none: its process and the working folder, the same to all that it starts there. */
export function processSession(): string | undefined {
  const program = found()
  return program && `${program.pid} ${program.startTicks} ${process.cwd()}`
}

function found(): { pid: number; startTicks: number } | undefined {
  try {
    let pid = process.ppid
    for (let i = 0; i < MOST_STEPS && SHELLS.test(nameOf(pid)); i++) pid = parentOf(pid)
    const stat = statOf(pid)
    return pid > 1 && stat ? { pid, startTicks: stat.startTicks } : undefined
  } catch {
    return undefined
  }
}

function nameOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s*([0-9]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}
