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

type Texts = typeof import('./texts.js')

/** Text for people on a terminal, and JSON elsewhere; `--json` and `--no-json` decide otherwise. */
export function wantsText({ json }: { readonly json?: boolean | undefined }): boolean {
  return json === undefined ? process.stdout.isTTY === true : !json
}

/** Prints a result: as JSON, of a list one value a line, or as its text. */
export async function show<T extends object>(
  given: { readonly json?: boolean | undefined },
  result: T,
  render: (texts: Texts, result: T) => string,
): Promise<void> {
  if (wantsText(given)) return print(render(await import('./texts.js'), result))
  for (const value of Array.isArray(result) ? result : [result]) printJson(value)
}

/** Prints an object, as text one member a line. */
export function showFacts(given: { readonly json?: boolean | undefined }, result: object): Promise<void> {
  return show(given, result, (texts) => texts.facts(result))
}

/** Resolves when all that was printed has left this process. If it can't, the process ends first. */
export function flushed(): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write('', (error) => (error ? endUnprinted(error) : resolve()))
  })
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`)
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
