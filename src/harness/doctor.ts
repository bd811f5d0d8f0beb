// `arc doctor`: whether what `arc setup` writes is there, and works. It calls each hook and starts the MCP server by the commands
// that stand in the configuration, as an agent that leaves again. What a program asks a person for is read from its files.

import { existsSync } from 'node:fs'
import { isLoopback } from '../protocol/address.js'
import type { Edit } from './configuration.js'
import { calledUrl, httpHooksIn, whyUncallable } from './http-hooks.js'
import { FACTS, type Options, type Place, type Program, type SetupName } from './places.js'
import { setUp } from './setup.js'
import { type Command, type End, Trial } from './trial.js'
import { type Finding, forThePerson } from './trust.js'

export interface Examination {
  readonly program: Program
  /** The project's folder. Its configuration counts where the user's has nothing of Arc's. */
  readonly folder: string
  /** Of the hub that answers. */
  readonly hubUrl: string | undefined
}

type Values = Readonly<Record<string, unknown>>

/** What `arc setup` may have been asked for besides, the most first. */
const WISHES: readonly Partial<Options>[] = [
  { wake: true, refuseHeldEdits: true },
  { wake: true },
  { refuseHeldEdits: true },
  {},
]
const DOCTOR = 'arc-doctor'
/** A hook ends itself after 2 s. */
const HOOK_MS = 5_000
const SERVER_MS = 15_000
const PLUGIN_CALL = `
  const { Arc } = await import(process.argv[1])
  const hooks = await Arc({ directory: process.cwd() })
  const parts = [{ type: 'text', text: 'arc doctor' }]
  await hooks['chat.message']?.({ sessionID: 'arc-doctor' }, { parts })
  await hooks.dispose?.()
  process.stdout.write(JSON.stringify({ hooks: Object.keys(hooks), text: parts[1]?.text ?? '' }))`

export async function examine(harness: SetupName, examination: Examination): Promise<Finding[]> {
  const { program, folder } = examination
  const dryRun = { program, permissions: false, undo: false, dryRun: true }
  const isWhole = (wishes: object, project?: string) =>
    setUp(harness, { ...dryRun, ...wishes, project }).files.every(({ outcome }) => outcome === 'unchanged')
  const project =
    WISHES.some((wishes) => isWhole(wishes)) || !WISHES.some((wishes) => isWhole(wishes, folder))
      ? undefined
      : folder
  const wishes = WISHES.find((wishes) => isWhole(wishes, project)) ?? {}
  const missing = setUp(harness, { ...dryRun, ...wishes, project }).files.flatMap(
    ({ file, outcome, byHand }) => {
      const text = missingText(harness, file, outcome, byHand)
      return text === undefined ? [] : [{ harness, about: 'configuration', ok: false, text } as const]
    },
  )
  if (missing.length > 0) return missing
  // Without `wake`: a watcher would wait for the doctor's session.
  const options = { program, permissions: false, project, ...wishes, wake: false }
  const [http] = FACTS[harness].places(options).flatMap(({ file }) => httpHooksIn(file) ?? [])
  const httpHooks = http && { ...http, agent: DOCTOR } // the agent itself may be at work
  const places = FACTS[harness].places({ ...options, httpHooks })
  const trial = new Trial(examination.hubUrl)
  try {
    const files = places.map(({ file }) => file).join(' and ')
    const findings: Finding[] = [
      {
        harness,
        about: 'configuration',
        ok: true,
        text: `${files} ${places.length > 1 ? 'are' : 'is'} as arc setup writes`,
      },
    ]
    for (const place of places) {
      if ('own' in place) findings.push(await loaded(harness, place.file, examination, trial))
      const hooks = 'json' in place ? place.json.edits.filter(({ path }) => path[0] === 'hooks') : []
      if (hooks.length > 0) findings.push(await called(harness, hooks, examination, trial))
      const server = serverOf(place)
      if (server) findings.push(await started(harness, server, trial))
    }
    return [...findings, ...forThePerson(harness, places, project)]
  } finally {
    trial.close()
  }
}

function missingText(
  harness: SetupName,
  file: string,
  outcome: string,
  byHand: readonly string[],
): string | undefined {
  if (outcome === 'unreadable') return `${file} can't be read: mend it, and run: arc setup ${harness}`
  if (byHand.length > 0)
    return `${file} has other entries in the places of Arc's: arc setup ${harness} --dry-run shows what belongs there`
  if (outcome === 'unchanged') return undefined
  return existsSync(file)
    ? `${file} lacks what arc setup writes: run: arc setup ${harness}`
    : `there is no ${file}: run: arc setup ${harness}`
}

/** Calls each hook, from the start of a session to its end. */
async function called(
  harness: SetupName,
  hooks: readonly Edit[],
  { hubUrl }: Examination,
  trial: Trial,
): Promise<Finding> {
  const finding = (ok: boolean, text: string): Finding => ({ harness, about: 'hooks', ok, text })
  let slowestMs = 0
  let said = ''
  for (const { path, value } of inOrder(hooks)) {
    const event = path.at(-1) as string
    const url = calledUrl(value)
    if (url !== undefined) {
      const unlike = await unlikeHub(url, hubUrl)
      if (unlike !== undefined) return finding(false, `the hook of ${event} ${unlike}`)
      continue
    }
    const input = JSON.stringify(payloadOf(harness, event, trial.folder))
    const end = await trial.run(hookCommandOf(value), input, HOOK_MS)
    const wrong = wrongWith(end)
    if (wrong !== undefined)
      return finding(
        false,
        `the hook of ${event} ${wrong}: run arc setup ${harness} again, with the Arc that is to stay`,
      )
    slowestMs = Math.max(slowestMs, end.tookMs)
    said += end.stdout
  }
  const calls = hooks.filter(({ value }) => calledUrl(value) !== undefined).length
  const called = calls > 0 ? `, ${calls} of them by calling the hub` : ''
  const all = `each of the ${hooks.length} hooks ends with 0, within ${Math.ceil(slowestMs)} ms${called}`
  return spoken(hubUrl, all, said, finding)
}

/** What is wrong with an address that the harness calls itself. */
async function unlikeHub(url: string, hubUrl: string | undefined): Promise<string | undefined> {
  const { origin } = new URL(url)
  const cure = 'run: arc setup claude --project --http-hooks --agent NAME'
  if (hubUrl !== undefined && placeOf(hubUrl) !== placeOf(url))
    return `calls ${origin}, but the hub of this project is at ${hubUrl}: ${cure}`
  const why = hubUrl === undefined ? undefined : await whyUncallable({ url: origin, agent: DOCTOR })
  return why === undefined ? undefined : `calls ${origin}: ${why}; start the hub there, or ${cure}`
}

/** This machine has several names for itself. */
function placeOf(url: string): string {
  const { hostname, port, host } = new URL(url)
  return isLoopback(hostname) ? port : host
}

/** Loads the plugin as opencode does, and lets it see a prompt. */
async function loaded(
  harness: SetupName,
  file: string,
  { hubUrl, program }: Examination,
  trial: Trial,
): Promise<Finding> {
  const finding = (ok: boolean, text: string): Finding => ({ harness, about: 'plugin', ok, text })
  const end = await trial.run([program.node, '--input-type=module', '-e', PLUGIN_CALL, file], '', HOOK_MS)
  const wrong =
    wrongWith(end) ??
    (/"chat\.message"/.test(end.stdout) ? undefined : 'does nothing: Arc is not where it was')
  if (wrong !== undefined)
    return finding(false, `the plugin ${wrong}: run arc setup ${harness} again, with the Arc that is to stay`)
  return spoken(hubUrl, 'the plugin loads', end.stdout, finding)
}

function spoken(
  hubUrl: string | undefined,
  all: string,
  said: string,
  finding: (ok: boolean, text: string) => Finding,
): Finding {
  if (hubUrl === undefined) return finding(true, `${all}, and says nothing, since no hub answers`)
  return /this session is agent/.test(said)
    ? finding(true, `${all}, and reaches the hub`)
    : finding(false, `${all}, but does not reach the hub at ${hubUrl} within a second`)
}

async function started(harness: SetupName, command: Command, trial: Trial): Promise<Finding> {
  const startedAt = performance.now()
  try {
    const tools = await trial.tools(command, SERVER_MS)
    const tookMs = Math.ceil(performance.now() - startedAt)
    const isOurs = tools.includes('arc_post')
    const text = `the MCP server starts, and lists ${tools.length} tools after ${tookMs} ms`
    return {
      harness,
      about: 'server',
      ok: isOurs,
      text: isOurs ? text : `${text}, but none of them is Arc's`,
    }
  } catch (error) {
    const text = `the MCP server does not start: ${(error as Error).message}. Run: arc setup ${harness}`
    return { harness, about: 'server', ok: false, text }
  }
}

/** What a hook did wrong, if anything. */
function wrongWith({ code, stdout, stderr }: End): string | undefined {
  if (code !== 0) return code === null ? 'does not end' : `ends with ${code} (${stderr.trim().slice(-200)})`
  if (stderr !== '') return `writes to standard error: ${stderr.trim().slice(0, 200)}`
  try {
    if (stdout !== '') JSON.parse(stdout)
    return undefined
  } catch {
    return `prints what is no JSON: ${stdout.slice(0, 200)}`
  }
}

/** A session begins with its start, and ends with its end. */
function inOrder(hooks: readonly Edit[]): Edit[] {
  const rank = ({ path: [, event = ''] }: Edit) => (/start/i.test(event) ? 0 : /end/i.test(event) ? 2 : 1)
  return [...hooks].sort((a, b) => rank(a) - rank(b))
}

/** What the harness sends, as far as a hook reads it. */
function payloadOf(harness: SetupName, event: string, folder: string): object {
  const session = 'arc-doctor'
  if (harness === 'copilot') return { sessionId: session, cwd: folder, timestamp: Date.now() }
  if (harness === 'cursor')
    return {
      conversation_id: session,
      hook_event_name: event,
      cursor_version: 'arc doctor',
      workspace_roots: [folder],
    }
  return { session_id: session, hook_event_name: event, cwd: folder, prompt: 'arc doctor' }
}

/** The command in an entry, in the form of each harness. */
function hookCommandOf(value: object | string): Command {
  const entry = value as { hooks?: Values[] }
  const { command, exec, args } = (entry.hooks?.[0] ?? entry) as {
    command?: string
    exec?: string
    args?: string[]
  }
  const program = exec ?? command ?? ''
  return args === undefined ? program : [program, ...args]
}

function serverOf(place: Place): Command | undefined {
  const value = (
    'toml' in place
      ? place.toml.value
      : 'json' in place && place.json.edits.find(({ name }) => name === 'arc')?.value
  ) as { command: string | [string, ...string[]]; args?: string[] } | false | undefined
  if (!value) return undefined
  return typeof value.command === 'string' ? [value.command, ...(value.args ?? [])] : value.command
}
