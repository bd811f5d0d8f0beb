// The harness's own process: the nearest ancestor of a hook or an MCP server that is no shell. Only Linux tells.

import { readFileSync } from 'node:fs'
import { statOf, timeOf } from './process-stat.js'

const SHELLS = /^-?(sh|bash|dash|zsh|fish|ksh|busybox|env|timeout)$/
const MOST_STEPS = 8

export interface Program {
  readonly pid: number
  readonly started_at: string
}

export function harnessProcess(): Program | undefined {
  return programOf(found())
}

/** This process, for what runs inside the harness itself. */
export function ownProcess(): Program | undefined {
  return programOf(own())
}

/** The session of a harness that tells none: its process and the working folder, the same to all that it starts there. */
export function processSession(): string | undefined {
  return sessionOf(found(), process.cwd())
}

/** The same session, as the harness's own process has it. */
export function ownSession(folder: string): string | undefined {
  return sessionOf(own(), folder)
}

interface Found {
  readonly pid: number
  readonly startTicks: number
}

function programOf(program: Found | undefined): Program | undefined {
  if (!program) return undefined
  const startedMs = timeOf(program.startTicks)
  if (startedMs === undefined) return undefined
  return { pid: program.pid, started_at: new Date(startedMs).toISOString() }
}

const sessionOf = (program: Found | undefined, folder: string) =>
  program && `${program.pid} ${program.startTicks} ${folder}`

function own(): Found | undefined {
  const stat = statOf(process.pid)
  return stat && { pid: process.pid, startTicks: stat.startTicks }
}

function found(): Found | undefined {
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
