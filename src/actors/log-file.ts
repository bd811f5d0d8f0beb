// The file that a hub in the background logs to. `arc ensure` opens it and hands it to the hub as standard output and
// standard error, so that whatever ends the process leaves its last words there, too. Node can't open those anew. So a
// full file is copied to `<path>.1` and emptied; what is appended after that, by whomever, stands at its beginning.
//
// Guarantees: the two files together stay below twice `maxBytes`, and a line more. Several hubs may log to one file.

import { fstatSync, ftruncateSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { CountingSink, type LogSink, remark, standardError, toDescriptor } from './log-sinks.js'

const MAX_BYTES = 5 * 1024 * 1024
const STDERR = 2

/** Where the older lines are. */
export const olderLogOf = (path: string): string => `${path}.1`

/** A sink for the file if standard error is that file; else for standard error as it is. */
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

/** Why the lines that made the file full are gone; undefined where they are kept. */
function rotate(path: string, maxBytes: number): string | undefined {
  const copy = `${olderLogOf(path)}.${process.pid}`
  try {
    // One that was moved elsewhere is not ours to keep small.
    if (!isStderr(path)) return fstatSync(STDERR).nlink === 0 ? empty('the file was deleted') : undefined
    // Not by `copyFileSync`, which never returns for a file that shrinks meanwhile: another hub may be faster.
    const lines = readFileSync(path)
    writeFileSync(copy, lines, { mode: 0o600 })
    const isStale = lines.length < maxBytes || fstatSync(STDERR).size < lines.length
    if (!isStale) ftruncateSync(STDERR)
    // Last: whoever follows the log takes it for the sign that the file begins anew.
    if (!isStale) renameSync(copy, olderLogOf(path))
    return undefined
  } catch (error) {
    return empty((error as Error).message) // a full disk: or the file would grow for ever
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
