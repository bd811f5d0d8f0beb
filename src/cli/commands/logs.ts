// `arc logs`: shows the log of the background hub, as lines for people.

import { logFileOf } from '../../sdk/pid-file.js'
import { defaultStorage, refuseClosed } from '../../storage-file.js'
import { wholeNumber } from '../arguments.js'
import { command } from '../command.js'
import { addressArguments, addressFrom } from '../hub-arguments.js'
import { renderLogLine } from '../log-lines.js'
import { follow, lastLines } from '../log-tail.js'
import { print } from '../output.js'
import { fittingPidFiles } from '../running-hub.js'

const args = {
  ...addressArguments,
  lines: { type: 'string', description: 'How many of the last lines (default 50)', valueHint: 'number' },
  follow: { type: 'boolean', alias: 'f', description: 'Go on with what is logged from now on' },
  json: { type: 'boolean', description: 'The lines as they stand in the file' },
} as const

const DEFAULT_LINES = 50

export default command({
  args,
  examples: [
    ['arc logs', 'its last lines'],
    ['arc logs -f', 'and those that come'],
  ],
  async run(given) {
    const wanted = addressFrom(given)
    const count = wholeNumber(given.lines, 'lines', 0, 1_000_000) ?? DEFAULT_LINES
    const [nearest] = wanted.storage === undefined ? fittingPidFiles(wanted) : []
    const beside = wanted.storage ?? nearest?.path ?? defaultStorage()
    refuseClosed(beside)
    const show = (line: string) => print(`${given.json ? line : renderLogLine(line)}\n`)
    const { lines, rest, place } = lastLines(logFileOf(beside), count)
    for (const line of lines) show(line)
    if (given.follow) await follow(logFileOf(beside), place, show)
    if (rest) show(rest)
  },
})
