// Where the lines of a log go. Whatever becomes of them (the disk is full, the reader of the pipe has gone or reads no
// more), the program that logs goes on. It neither ends nor waits. Lines that can't be written are counted, and the next
// one that can be is preceded by a line that says how many are missing.

import { fstatSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'

export interface LogSink {
  /** `line` ends with a newline. */
  write(line: string): void
}

/** Writes a text, or calls `failed`, then or later. */
export type Put = (text: string, failed: () => void) => void

/** What may wait for a reader that is slow. */
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

/** Standard error, whatever it is; `render` makes what is shown of a line. */
export function standardError(render?: (line: string) => string): LogSink {
  const kind = fstatSync(STDERR)
  const isStream = kind.isFIFO() || kind.isSocket() || isatty(STDERR)
  return new CountingSink(isStream ? toStream(process.stderr) : toDescriptor(STDERR), render)
}

/** A file or a device: written at once, so that the last line before an exit is not lost. */
export function toDescriptor(descriptor: number): Put {
  let isTorn = false
  return (text, failed) => {
    const bytes = Buffer.from(isTorn ? `\n${text}` : text)
    let written = 0
    try {
      while (written < bytes.length) written += writeSync(descriptor, bytes, written)
      isTorn = false
    } catch {
      isTorn ||= written > 0 // a disk that gets full takes a part of a line
      failed()
    }
  }
}

/** A pipe or a terminal. A pipe takes what it has room for at once; the rest waits in memory, up to a bound. */
function toStream(stream: NodeJS.WriteStream): Put {
  stream.on('error', () => {}) // each write is told of its own
  return (text, failed) => {
    if (stream.writableLength > MAX_WAITING_BYTES) return failed()
    stream.write(text, (error) => {
      if (error) failed()
    })
  }
}

/** What the log says of itself, in the form of pino's lines. */
export function remark(msg: string): string {
  return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), msg })}\n`
}
