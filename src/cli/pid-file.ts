// `.arc.pid`, beside the storage file (PROTOCOL §11): names the hub that serves it. Written whole by
// temporary file and rename, so that a reader never sees half of it.

import { existsSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export const PID_FILE = '.arc.pid'
export const LOG_FILE = '.arc.log'
export const DEFAULT_STORAGE = 'arc.sqlite3'

export interface PidFile {
  readonly path: string
  readonly pid: number
  readonly port: number
  readonly url: string
  /** Ours; the reference hub's file has neither of the two. */
  readonly instance_id?: string
  readonly started_at?: string
}

/** The storage under the name that its hub gives it: absolute, and by way of no symbolic link. */
export function storageFile(storagePath: string): string {
  const path = resolve(storagePath)
  try {
    return existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path))
  } catch {
    return path // its folder is still to be made
  }
}

export function pidFileOf(storagePath: string): string {
  return join(dirname(storageFile(storagePath)), PID_FILE)
}

export function logFileOf(storagePath: string): string {
  return join(dirname(storageFile(storagePath)), LOG_FILE)
}

/** The file's content; undefined when it is missing or isn't a hub's pid file. */
export function readPidFile(path: string): PidFile | undefined {
  try {
    const file = JSON.parse(readFileSync(path, 'utf8')) as PidFile
    const whole =
      Number.isSafeInteger(file.pid) &&
      file.pid > 0 &&
      Number.isSafeInteger(file.port) &&
      typeof file.url === 'string'
    return whole ? { ...file, path } : undefined
  } catch {
    return undefined
  }
}

export function writePidFile({ path, ...content }: PidFile): void {
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify(content)}\n`)
  renameSync(temporary, path)
}

/** Removes the file if it still names `pid`: another hub may have replaced it. */
export function removePidFile(path: string, pid: number): void {
  if (readPidFile(path)?.pid === pid) rmSync(path, { force: true })
}

/** The pid files from the working directory upward, then from the storage's folder upward. */
export function findPidFiles(storagePath: string, workingFolder = process.cwd()): PidFile[] {
  const storageFolder = dirname(storageFile(resolve(workingFolder, storagePath)))
  const folders = new Set([...upward(workingFolder), ...upward(storageFolder)])
  return [...folders].flatMap((folder) => readPidFile(join(folder, PID_FILE)) ?? [])
}

function* upward(from: string): Generator<string> {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(folder)) yield folder
    if (dirname(folder) === folder) return
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** It has ended and only waits for its parent to take note, which in containers may take long or for ever. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    return false // no /proc here
  }
}

/** Waits until the process is gone; false when it still lives after `timeoutMs`. */
export async function goneWithin(pid: number, timeoutMs: number): Promise<boolean> {
  const giveUpAt = Date.now() + timeoutMs
  while (isAlive(pid)) {
    if (Date.now() > giveUpAt) return false
    await sleep(10)
  }
  return true
}
