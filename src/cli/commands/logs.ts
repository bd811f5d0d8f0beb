// `arc logs`: what the background hub has to say, in lines for people.

import { closeSync, createReadStream, fstatSync, openSync, readSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { defineCommand } from 'citty'
import { ArcError } from '../../protocol/errors.js'
import { checkKnown, wholeNumber } from '../arguments.js'
import { wantedArguments, wantedFrom } from '../hub-arguments.js'
import { renderLogLine } from '../log-lines.js'
import { print } from '../output.js'
import { DEFAULT_STORAGE, LOG_FILE, logFileOf } from '../pid-file.js'
import { fittingPidFiles } from '../running-hub.js'

const args = {
  ...wantedArguments,
  lines: { type: 'string', description: 'How many of the last lines (default 50)', valueHint: 'number' },
  follow: { type: 'boolean', alias: 'f', description: 'Go on with what is logged from now on' },
  json: { type: 'boolean', description: 'The lines as they stand in the file' },
} as const

const DEFAULT_LINES = 50
/** The end of the file that is searched for the last lines. */
const TAIL_BYTES = 1024 * 1024

export default defineCommand({
  meta: { name: 'logs', description: 'Show the log of the background hub' },
  args,
  async run({ args: given }) {
    checkKnown(given, { ...args, f: { type: 'boolean' } }, given._)
    const wanted = wantedFrom(given)
    const count = wholeNumber(given.lines, 'lines', 0, 1_000_000) ?? DEFAULT_LINES
    const [nearest] = wanted.storage === undefined ? fittingPidFiles(wanted) : []
    const beside = wanted.storage ?? nearest?.path ?? DEFAULT_STORAGE
    const show = (line: string) => print(`${given.json ? line : renderLogLine(line)}\n`)
    const { lines, end } = lastLines(logFileOf(beside), count)
    for (const line of lines) show(line)
    if (given.follow) await follow(logFileOf(beside), end, show)
  },
})

function lastLines(path: string, count: number): { lines: string[]; end: number } {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    throw new ArcError(
      'not_found',
      `${path} does not exist; a hub that arc ensure starts writes it (another folder: --storage)`,
    )
  }
  try {
    const { size } = fstatSync(file)
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES))
    readSync(file, bytes, 0, bytes.length, size - bytes.length)
    const lines = bytes.toString('utf8').split('\n').filter(Boolean)
    return { lines: count === 0 ? [] : lines.slice(-count), end: size }
  } finally {
    closeSync(file)
  }
}

/** Prints what is appended, until the process is ended. */
async function follow(path: string, from: number, print: (line: string) => void): Promise<never> {
  let position = from
  let reading = Promise.resolve()
  const more = async () => {
    const stream = createReadStream(path, { start: position })
    for await (const line of createInterface({ input: stream })) if (line) print(line)
    position += stream.bytesRead
  }
  watch(dirname(path), (_event, name) => {
    if (name === LOG_FILE) reading = reading.then(more)
  })
  reading = reading.then(more) // what was logged before the watch stood
  return new Promise(() => {})
}
