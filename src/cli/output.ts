// JSON goes to standard output, everything for people to standard error (PROTOCOL §12). If standard output can't be written,
// the command ends with a sentence and exit status 1, so that no reader takes a part of the output for the whole. If standard
// error can't be written, the command goes on.

let hasPrinted = false
/** The reader of the pipe has ended, or the disk is full. The command says so once. */
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
export function exit(status: number): void {
  const end = () => {
    setTimeout(() => process.exit(status), UNREAD_MS)
    process.stderr.write('', () => process.exit(status))
  }
  // A hub prints nothing, so its reader misses nothing.
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

// Each failed write also calls its own callback. Without these listeners the first failure would end the process with a stack
// trace.
process.stdout.on('error', endUnprinted)
process.stderr.on('error', () => {})
