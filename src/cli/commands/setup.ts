// `arc setup`: joins a harness to the room, by hooks in its configuration (src/harness/setup.ts).

import { fileURLToPath } from 'node:url'
import { HARNESS_NAMES, type HarnessName } from '../../harness/harness.js'
import { installedHarnesses, type SetupReport, setUp } from '../../harness/setup.js'
import { PACKAGE_ROOT } from '../../package.js'
import { ArcError } from '../../protocol/errors.js'
import { usageError } from '../arguments.js'
import { command } from '../command.js'
import { ExitStatus, say, show } from '../output.js'

const HOOK = fileURLToPath(new URL('./dist/program/hook.cjs', PACKAGE_ROOT))

export default command({
  args: {
    harness: {
      type: 'positional',
      required: false,
      description: `Any of ${HARNESS_NAMES.join(', ')} (default: those that are installed)`,
    },
    'dry-run': { type: 'boolean', description: 'Show what would be written, and write nothing' },
    undo: { type: 'boolean', description: 'Take the hooks out again' },
    project: { type: 'boolean', description: 'For this project alone, in its folder' },
  },
  examples: [
    ['arc setup', 'every harness that is installed'],
    ['arc setup codex --dry-run', 'what would be written where'],
    ['arc setup codex --undo', 'as it was before'],
  ],
  maxPositionals: HARNESS_NAMES.length,
  async run(given) {
    const harnesses = namesIn(given._)
    const options = {
      program: { node: process.execPath, hook: HOOK },
      project: given.project === true ? process.cwd() : undefined,
      undo: given.undo === true,
      dryRun: given['dry-run'] === true,
    }
    const reports = harnesses.map((harness) => setUp(harness, options))
    await show(given, reports, () => reports.map((report) => textOf(report, options.dryRun)).join(''))
    for (const { file, outcome, entries } of reports) {
      if (outcome !== 'unreadable') continue
      say(`arc error: ${file} can't be read as JSON, so it was left alone; put these into it by hand:`)
      for (const { list, value } of entries) say(`  ${list}: ${JSON.stringify(value)}`)
    }
    if (reports.some(({ outcome }) => outcome === 'unreadable')) throw new ExitStatus(1)
  },
})

function namesIn(given: readonly string[]): HarnessName[] {
  const unknown = given.find((name) => !HARNESS_NAMES.includes(name as HarnessName))
  if (unknown !== undefined)
    throw usageError(`there is no harness "${unknown}"; it is one of ${HARNESS_NAMES.join(', ')}`)
  const names = given.length > 0 ? (given as HarnessName[]) : installedHarnesses()
  if (names.length > 0) return names
  throw new ArcError(
    'not_found',
    `no harness is installed here; name one: arc setup ${HARNESS_NAMES.join('|')}`,
  )
}

function textOf({ harness, file, outcome, entries, remains }: SetupReport, isDryRun: boolean): string {
  const would = isDryRun && (outcome === 'written' || outcome === 'removed') ? 'would be ' : ''
  const lines = [`${harness}: ${file} ${would}${outcome}`]
  if (outcome === 'written') {
    for (const { list, value } of entries) lines.push(`  ${list}: ${JSON.stringify(value)}`)
    lines.push(`  then: ${remains}`)
  }
  return `${lines.join('\n')}\n`
}
