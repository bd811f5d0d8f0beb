// JSON goes to standard output, everything for people to standard error (PROTOCOL §12). What can't be printed ends the
// command with a sentence and exit status 1: whoever reads the output must not take a part of it for all. A
// standard error that can't be written stops nobody.

let hasPrinted = false
/** The reader of a pipe has gone, or the disk is full. Said once, however much is printed. */
let isBroken = false

export function print(text: string): void {
  hasPrinted = true
  process.stdout.write(text, (error) => {
    if (error) endUnprinted(error)
  })
}

export function printJson(value: unknown): void {
  print(`${JSON.stringify(value)}\n`)
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** A command that ends with this status after it has printed what there was to say. */
export class ExitStatus {
  readonly status: number

  constructor(status: number) {
    this.status = status
  }
}

/** How long the end waits for a reader of standard error that has stopped reading. */
const UNREAD_MS = 2_000

/** Ends the process when everything printed has left it. */
export function exit(status: number): void {
  const end = () => {
    setTimeout(() => process.exit(status), UNREAD_MS)
    process.stderr.write('', () => process.exit(status))
  }
  // A hub prints nothing, so nothing is missed where nobody reads it any more.
  if (!hasPrinted) return void end()
  process.stdout.write('', (error) => {
    if (error) endUnprinted(error)
    else end()
  })
}

function endUnprinted(error: NodeJS.ErrnoException): void {
  if (isBroken) return
  isBroken = true
  const why = error.code === 'EPIPE' ? 'its reader has gone' : error.message
  say(`arc error: standard output can't be written: ${why}`)
  process.stderr.write('', () => process.exit(1))
}

// Each failed write tells its own callback, too; without these the first would end the process with a stack trace.
process.stdout.on('error', endUnprinted)
process.stderr.on('error', () => {})
