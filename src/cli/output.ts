// Results go to standard output, as JSON or as text, and everything else for people to standard error (PROTOCOL §12). If
// standard output can't be written, the command ends with a sentence and exit status 1, so that no reader takes a part of the
// output for the whole. If standard error can't be written, the command goes on.

import { fstatSync, writeSync } from 'node:fs'

const STDOUT = 1

/** Of a reader that did not take all at once; then all that follows goes there, too. */
let stream: NodeJS.WriteStream | undefined
let hasSaid = false
/** It logs to standard error. */
let isServing = false
/** The reader of the pipe has ended, or the disk is full. The command says so once. */
let isBroken = false

/** Writes to the descriptor: to load Node's streams takes longer than many a command. */
export function print(text: string): void {
  if (isBroken) return
  if (stream) {
    stream.write(text)
    return
  }
  const bytes = Buffer.from(text)
  let written = 0
  try {
    while (written < bytes.length) written += writeSync(STDOUT, bytes, written)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') printLater(bytes.subarray(written))
    else endUnprinted(error as Error)
  }
}

function printLater(bytes: Uint8Array): void {
  stream = process.stdout
  stream.on('error', endUnprinted)
  stream.write(bytes)
}

export function printJson(value: unknown): void {
  print(`${JSON.stringify(value)}\n`)
}

type Texts = typeof import('./texts.js')

/** Whether a command was given `--json` or `--no-json`. */
export interface Asked {
  readonly json?: boolean | undefined
}

/** Text for people on a terminal, and JSON elsewhere; `--json` and `--no-json` decide otherwise. */
export function wantsText({ json }: Asked): boolean {
  return json === undefined ? isTerminal() : !json
}

/** A terminal is a character device, as few other outputs are: only for these Node's streams are loaded. */
function isTerminal(): boolean {
  try {
    return fstatSync(STDOUT).isCharacterDevice() && process.stdout.isTTY === true
  } catch {
    return false // closed
  }
}

/** Prints a result: as JSON, of a list one value a line, or as its text. */
export async function show<T extends object>(
  given: Asked,
  result: T,
  render: (texts: Texts, result: T) => string,
): Promise<void> {
  if (wantsText(given)) return print(render(await import('./texts.js'), result))
  for (const value of Array.isArray(result) ? result : [result]) printJson(value)
}

/** Prints an object, as text one member a line. */
export function showFacts(given: Asked, result: object): Promise<void> {
  return show(given, result, (texts) => texts.facts(result))
}

/** Resolves when all that was printed has left this process. If it can't, the process ends first. */
export function flushed(): Promise<void> {
  return new Promise((resolve) => {
    if (stream) stream.write('', (error) => (error ? endUnprinted(error) : resolve()))
    else if (!isBroken) resolve()
  })
}

/** Says lines to the person. */
export function say(...lines: readonly string[]): void {
  if (!isBroken) for (const line of lines) tell(line)
}

/** A sentence may name what agents have named, and a line end in a name would forge a sentence of ours. */
const CONTROLS = /\p{Cc}/gu

function tell(text: string): void {
  // Without a listener the first failure would end the process with a stack trace.
  if (!hasSaid) process.stderr.on('error', () => {})
  hasSaid = true
  process.stderr.write(`${text.replace(CONTROLS, ' ')}\n`)
}

/** The exit status of a mistake on the command line. */
export const USAGE_STATUS = 2
/** The exit status of a command whose time is over before what it waited for: that of timeout(1). */
export const LATE_STATUS = 124

/** Thrown by a command that has printed its result, and ends with this status. */
export class ExitStatus {
  readonly status: number

  constructor(status: number) {
    this.status = status
  }
}

/** Milliseconds for which `exit` waits for a reader of standard error that has stopped reading. */
const UNREAD_MS = 2_000

/** Ends the process when everything printed has left it. */
export async function exit(status: number): Promise<void> {
  await flushed()
  // Standard error of a command that said nothing is not loaded. A hub logs by itself.
  if (!hasSaid && !isServing) process.exit(status)
  setTimeout(() => process.exit(status), UNREAD_MS)
  process.stderr.write('', () => process.exit(status))
}

/** What this process logs is written before it ends. */
export function serving(): void {
  isServing = true
  process.stderr.on('error', () => {})
}

function endUnprinted(error: NodeJS.ErrnoException): void {
  if (isBroken) return
  isBroken = true
  const why = error.code === 'EPIPE' ? 'its reader has gone' : error.message
  tell(`arc error: standard output can't be written: ${why}`)
  process.stderr.write('', () => process.exit(1))
}
