// The log file of a hub in the background. `arc ensure` opens it, and the hub gets it as standard output and standard error,
// so that the last words of any crash are in it. Node can't reopen those. So a full file is copied to `<path>.1` and
// emptied, and every process that appends to it starts at its beginning.
//
// Guarantee: the two files together have at most twice `maxBytes` plus one line. Several hubs may log to one file.

import { fstatSync, ftruncateSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { CountingSink, type LogSink, remark, standardError, toDescriptor } from './log-sinks.js'

const MAX_BYTES = 5 * 1024 * 1024
const STDERR = 2

/** The file of the older lines. */
export const olderLogOf = (path: string): string => `${path}.1`

/** A sink that rotates the file if standard error is that file; else a sink for standard error. */
export function logFile(path: string, maxBytes = MAX_BYTES): LogSink {
  if (!isStderr(path)) return standardError()
  const put = toDescriptor(STDERR)
  return new CountingSink((text, failed) => {
    put(text, failed)
    if (fstatSync(STDERR).size < maxBytes) return
    const problem = rotate(path, maxBytes)
    if (problem) put(remark(`older lines of this log could not be kept: ${problem}`), () => {})
  })
}

/** Moves the lines of a full file to the older one. Returns why they are lost, or undefined. */
function rotate(path: string, maxBytes: number): string | undefined {
  const copy = `${olderLogOf(path)}.${process.pid}`
  try {
    // A file that was moved elsewhere no longer belongs to the hub.
    if (!isStderr(path)) return fstatSync(STDERR).nlink === 0 ? empty('the file was deleted') : undefined
    // Not by `copyFileSync`: it never returns if the file shrinks meanwhile, and another hub may be faster.
    const lines = readFileSync(path)
    rmSync(copy, { force: true }) // of an earlier process with this number, or a link that somebody put there
    writeFileSync(copy, lines, { mode: 0o600, flag: 'wx' })
    const isStale = lines.length < maxBytes || fstatSync(STDERR).size < lines.length
    if (!isStale) ftruncateSync(STDERR)
    // Last, since a new older file tells `arc logs` that the log file starts again.
    if (!isStale) renameSync(copy, olderLogOf(path))
    return undefined
  } catch (error) {
    return empty((error as Error).message) // a full disk: without this the file would grow for ever
  } finally {
    rmSync(copy, { force: true })
  }
}

function empty(reason: string): string {
  ftruncateSync(STDERR)
  return reason
}

function isStderr(path: string): boolean {
  const stderr = fstatSync(STDERR)
  const file = statSync(path, { throwIfNoEntry: false })
  return stderr.isFile() && stderr.dev === file?.dev && stderr.ino === file.ino
}
