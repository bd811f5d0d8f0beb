// The sinks of a log. The program that logs neither ends nor waits if a line can't be written: the disk is full, or the
// pipe's reader has ended or stopped reading. A sink counts the lost lines. Before the next line that it can write, it
// writes how many are missing.

import { fstatSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'

export interface LogSink {
  /** `line` ends with a newline. */
  write(line: string): void
}

/** Writes a text, or calls `failed`, at once or later. */
export type Put = (text: string, failed: () => void) => void

/** The most bytes in memory for a slow reader. */
const MAX_WAITING_BYTES = 1024 * 1024
const STDERR = 2

export class CountingSink implements LogSink {
  readonly #put: Put
  readonly #render: (line: string) => string
  #lost = 0

  constructor(put: Put, render = (line: string) => line) {
    this.#put = put
    this.#render = render
  }

  write(line: string): void {
    const missing = this.#lost
    this.#lost = 0
    const lines = missing > 0 ? [remark(textOf(missing)), line] : [line]
    this.#put(lines.map(this.#render).join(''), () => {
      this.#lost += missing + 1
    })
  }
}

const textOf = (missing: number) =>
  `${missing} ${missing === 1 ? 'line' : 'lines'} of this log could not be written`

/** A sink for standard error of any kind. `render` turns a line into the text that it shows. */
export function standardError(render?: (line: string) => string): LogSink {
  const kind = fstatSync(STDERR)
  const isStream = kind.isFIFO() || kind.isSocket() || isatty(STDERR)
  return new CountingSink(isStream ? toStream(process.stderr) : toDescriptor(STDERR), render)
}

/** Writes to a file or a device at once, so that the last line before an exit is not lost. */
export function toDescriptor(descriptor: number): Put {
  let isTorn = false
  return (text, failed) => {
    const bytes = Buffer.from(isTorn ? `\n${text}` : text)
    let written = 0
    try {
      while (written < bytes.length) written += writeSync(descriptor, bytes, written)
      isTorn = false
    } catch {
      isTorn ||= written > 0 // a disk that fills up takes part of a line
      failed()
    }
  }
}

/** Writes to a pipe or a terminal. A pipe takes what it has room for; the rest stays in memory, up to a bound. */
function toStream(stream: NodeJS.WriteStream): Put {
  stream.on('error', () => {}) // each write has a callback of its own
  return (text, failed) => {
    if (stream.writableLength > MAX_WAITING_BYTES) return failed()
    stream.write(text, (error) => {
      if (error) failed()
    })
  }
}

/** A line of the log about the log itself, in the form of pino's lines. */
export function remark(msg: string): string {
  return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), msg })}\n`
}
