// `arc setup`: joins a harness to the room, by hooks and an MCP server in its configuration (src/harness/setup.ts).

import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { createTwoFilesPatch } from 'diff'
import { type HttpHooks, whyUncallable } from '../../harness/http-hooks.js'
import {
  type Program,
  REFUSING_HARNESSES,
  SETUP_NAMES,
  type SetupName,
  WAKING_HARNESSES,
} from '../../harness/places.js'
import {
  type FileReport,
  installedHarnesses,
  type SetupOptions,
  type SetupReport,
  setUp,
} from '../../harness/setup.js'
import { PACKAGE_ROOT } from '../../package.js'
import { ArcError } from '../../protocol/errors.js'
import { baseUrl, clientArguments } from '../agent-arguments.js'
import { text, usageError } from '../arguments.js'
import { command } from '../command.js'
import { ExitStatus, say, show } from '../output.js'
import { agreesTo, isAtTerminal } from '../question.js'

const at = (path: string) => fileURLToPath(new URL(path, PACKAGE_ROOT))
/** Lines around a change. */
const CONTEXT = 1

export const PROGRAM: Program = {
  node: process.execPath,
  main: at('./dist/program/main.cjs'),
  hook: at('./dist/program/hook.cjs'),
  plugin: at('./dist/program/opencode.js'),
}

export const harnessArgument = {
  type: 'positional',
  required: false,
  description: `Any of ${SETUP_NAMES.join(', ')} (default: those that are installed)`,
} as const

export default command({
  args: {
    harness: harnessArgument,
    'dry-run': { type: 'boolean', description: 'Show what would be written, and write nothing' },
    undo: { type: 'boolean', description: 'Take it all out again' },
    project: { type: 'boolean', description: 'For this project alone, in its folder' },
    'refuse-held-edits': {
      type: 'boolean',
      description:
        'Also refuse edits of files that another agent holds (claude, codex, gemini, qwen, opencode)',
    },
    wake: {
      type: 'boolean',
      description:
        'Also wake idle models for what is addressed to them (claude, codex, qwen, copilot, opencode)',
    },
    'http-hooks': {
      type: 'boolean',
      description:
        'Claude Code calls the hub itself after tools and at a stop, without a process; needs --project and --agent',
    },
    agent: { type: 'string', description: 'With --http-hooks: the agent of this project', valueHint: 'id' },
    ...clientArguments,
    permissions: {
      type: 'boolean',
      description: "Let models use Arc's tools unasked (default: asks at a terminal, else no)",
      negativeDescription: "Let the program ask before a model uses Arc's tools",
    },
  },
  examples: [
    ['arc setup', 'every harness that is installed'],
    ['arc setup codex --dry-run', 'what would be written where'],
    ['arc setup claude --refuse-held-edits', 'it also keeps its hands off what others hold'],
    ['arc setup claude --project --http-hooks --agent website', 'no process at each tool'],
    ['arc setup codex --undo', 'as it was before'],
  ],
  maxPositionals: SETUP_NAMES.length,
  async run(given) {
    const harnesses = namesIn(given._)
    const undo = given.undo === true
    const dryRun = given['dry-run'] === true
    const options = {
      program: PROGRAM,
      project: given.project === true ? process.cwd() : undefined,
      permissions: given.permissions === true,
      refuseHeldEdits: given['refuse-held-edits'] === true,
      wake: given.wake === true,
      httpHooks: await httpHooksFrom(given, harnesses),
      undo,
      dryRun,
    }
    if (given.permissions === undefined && !undo && !dryRun && isAtTerminal())
      options.permissions = await mayBeAllowed(harnesses, options)
    const reports = harnesses.map((harness) => setUp(harness, options))
    await show(given, reports.map(dataOf), () => reports.map((report) => textOf(report, dryRun)).join(''))
    const without = (able: readonly SetupName[]) => harnesses.filter((harness) => !able.includes(harness))
    const [telling, sleeping] = [without(REFUSING_HARNESSES), without(WAKING_HARNESSES)]
    if (options.refuseHeldEdits && telling.length > 0)
      say(`arc: ${telling.join(' and ')} can't be made to refuse edits safely; they are told after the edit`)
    if (options.wake && sleeping.length > 0)
      say(`arc: ${sleeping.join(' and ')} can't be woken; they hear of messages at their next turn`)
    const files = reports.flatMap((report) => report.files)
    for (const { file, outcome, byHand } of files) {
      if (byHand.length === 0) continue
      const why =
        outcome === 'unreadable' || outcome === 'unwritable'
          ? `${file} can't be ${outcome === 'unreadable' ? 'read' : 'written'}, so it was left alone`
          : `${file} has other entries in these places, so they were left alone`
      say(`arc error: ${why}; ${undo ? 'take this out of it' : 'put this into it'} by hand:`)
      for (const text of byHand) say(...text.trimEnd().replace(/^/gm, '  ').split('\n'))
    }
    if (files.some(({ byHand }) => byHand.length > 0)) throw new ExitStatus(1)
  },
})

/** @throws ArcError if something is missing, or no hub answers there: the address is written into the configuration */
async function httpHooksFrom(
  given: Readonly<Record<string, unknown>>,
  harnesses: readonly SetupName[],
): Promise<HttpHooks | undefined> {
  const agent = text(given.agent, 'agent')
  const named = ['agent', 'base-url', 'port'].find((name) => given[name] !== undefined)
  if (given['http-hooks'] !== true || given.undo === true) {
    if (named === undefined) return undefined
    throw usageError(`--${named} belongs to --http-hooks; hooks with a process find hub and agent themselves`)
  }
  const others = harnesses.filter((harness) => harness !== 'claude')
  if (others.length > 0)
    throw usageError(
      `--http-hooks is for Claude Code alone, not for ${others.join(', ')}: arc setup claude …`,
    )
  if (agent === undefined || given.project !== true)
    throw usageError(
      '--http-hooks needs --project and --agent NAME: the hub knows the caller by an address in the configuration',
    )
  const httpHooks = { url: new URL(baseUrl(given)).href.replace(/\/+$/, ''), agent }
  const why = await whyUncallable(httpHooks)
  if (why === undefined) return httpHooks
  throw new ArcError('no_hub', `the hub at ${httpHooks.url} can't be called: ${why}; start it by: arc ensure`)
}

/** Asks the person for the harnesses in which a permission can be written, and is not there yet. */
async function mayBeAllowed(harnesses: readonly SetupName[], options: SetupOptions): Promise<boolean> {
  const outcome = (harness: SetupName, permissions: boolean) =>
    setUp(harness, { ...options, permissions, dryRun: true }).files.map(({ after }) => after)
  const asking = harnesses.filter((name) => !isDeepStrictEqual(outcome(name, true), outcome(name, false)))
  if (asking.length === 0) return false
  return agreesTo(`May the models of ${asking.join(', ')} use Arc's tools without asking you each time?`)
}

/** The harnesses that a command line names; else those that are installed. @throws ArcError */
export function namesIn(given: readonly string[]): SetupName[] {
  const unknown = given.find((name) => !SETUP_NAMES.includes(name as SetupName))
  if (unknown !== undefined)
    throw usageError(`there is no harness "${unknown}"; it is one of ${SETUP_NAMES.join(', ')}`)
  const names = given.length > 0 ? (given as SetupName[]) : installedHarnesses()
  if (names.length > 0) return names
  throw new ArcError(
    'not_found',
    `no harness is installed here; name one: arc setup ${SETUP_NAMES.join('|')}`,
  )
}

const dataOf = ({ harness, files, remains }: SetupReport) => ({
  harness,
  files: files.map((file) => ({
    file: file.file,
    outcome: file.outcome,
    change: changeOf(file),
    by_hand: file.byHand,
  })),
  remains,
})

function textOf({ harness, files, remains }: SetupReport, isDryRun: boolean): string {
  const lines = files.flatMap((file) => {
    const would = isDryRun && (file.outcome === 'written' || file.outcome === 'removed') ? 'would be ' : ''
    return [`${harness}: ${file.file} ${would}${file.outcome}`, ...changeOf(file).map((line) => `  ${line}`)]
  })
  return `${[...lines, ...remains.map((one) => `  then: ${one}`)].join('\n')}\n`
}

/** The lines that go, come and stand around them. */
function changeOf({ before, after }: FileReport): string[] {
  const patch = createTwoFilesPatch('', '', before ?? '', after ?? '', '', '', { context: CONTEXT })
  return patch.split(/\r?\n/).filter((line) => /^[-+ ]/.test(line) && !/^(---|\+\+\+)/.test(line))
}
