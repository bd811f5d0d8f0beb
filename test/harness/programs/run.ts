// `npm run test:harness`: the hooks in the real programs. A message that is posted before the program starts, while a tool runs,
// and while the last answer is written, must each stand in the program's next request to its model, exactly once, and its
// receipt must say `shown` by that harness and moment.
//
// npm fetches the programs. They may call home, so each runs in a network namespace with loopback alone, with an empty
// home, dummy keys and telemetry off: this program runs itself again in such a namespace. `ARC_HARNESSES=codex,gemini` selects.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { startHub } from '../../../src/actors/hub.js'
import { PACKAGE_ROOT } from '../../../src/package.js'
import { ArcClient } from '../../../src/sdk/index.js'
import { scriptedModel } from './model.js'
import { PROGRAMS, type Program } from './programs.js'

const INSTALLED = env.ARC_HARNESS_PROGRAMS ?? join(homedir(), '.cache', 'arc-harness-programs')
const HOOK = fileURLToPath(new URL('./dist/program/hook.cjs', PACKAGE_ROOT))
const RUN_MS = 120_000
const AGENT = 'bob'
/** What is posted when, and the moment that hands it over. */
const MESSAGES = [
  { body: 'ARC-BEFORE-THE-START', request: 1, moment: 'start' },
  { body: 'ARC-WHILE-A-TOOL-RUNS', request: 2, moment: 'tool' },
  { body: 'ARC-WHILE-THE-LAST-ANSWER-IS-WRITTEN', request: 3, moment: 'stop' },
] as const

interface Row {
  readonly harness: string
  readonly version: string
  readonly moment: string
  readonly passed: boolean
  readonly what: string
  readonly tookMs: number | undefined
}

const selected = PROGRAMS.filter(
  ({ harness }) => !env.ARC_HARNESSES || env.ARC_HARNESSES.split(',').includes(harness),
)
if (env.ARC_IN_NAMESPACE === undefined) outside()
else await inside()

/** Installs the programs, and runs this again without a network. */
function outside(): void {
  for (const program of selected) {
    const folder = join(INSTALLED, program.harness)
    if (existsSync(join(folder, `installed-${program.version}`))) continue
    console.log(`npm fetches ${program.packageName}@${program.version}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"private":true}')
    const flags = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--force']
    try {
      execFileSync('npm', [...flags, `${program.packageName}@${program.version}`], {
        cwd: folder,
        stdio: 'pipe',
      })
      writeFileSync(join(folder, `installed-${program.version}`), '')
    } catch {
      console.log(`SKIPPED ${program.harness}: npm can't install it`)
    }
  }
  const script = 'ip link set lo up && exec "$@"'
  const args = ['-n', 'sh', '-c', script, 'sh', execPath, fileURLToPath(import.meta.url)]
  const isRoot = process.getuid?.() === 0
  try {
    execFileSync('unshare', isRoot ? args : ['-r', ...args], {
      stdio: 'inherit',
      env: { ...env, ARC_IN_NAMESPACE: '1' },
    })
  } catch (error) {
    const { status } = error as { status?: number | null }
    if (typeof status !== 'number')
      console.log('SKIPPED: this needs unshare and ip (Linux, util-linux, iproute2)')
    process.exitCode = status ?? 1
  }
}

async function inside(): Promise<void> {
  const rows: Row[] = []
  for (const program of selected) {
    if (!existsSync(join(INSTALLED, program.harness, `installed-${program.version}`))) continue
    rows.push(...(await proof(program)))
  }
  console.log('| harness | version | moment | in the next request, once | receipt | posted → shown |')
  console.log('|---|---|---|---|---|---|')
  for (const { harness, version, moment, passed, what, tookMs } of rows) {
    const took = tookMs === undefined ? '–' : `${tookMs} ms`
    console.log(`| ${harness} | ${version} | ${moment} | ${passed ? 'yes' : '**no**'} | ${what} | ${took} |`)
  }
  const failed = rows.filter(({ passed }) => !passed).length
  console.log(`${rows.length - failed} passed, ${failed} failed`)
  process.exit(failed > 0 || rows.length === 0 ? 1 : 0)
}

async function proof(program: Program): Promise<Row[]> {
  const { harness, version } = program
  const folder = mkdtempSync(join(tmpdir(), `arc-${harness}-`))
  const [home, work] = [join(folder, 'home'), join(folder, 'work')]
  for (const one of [home, work, join(folder, 'tmp')]) mkdirSync(one)
  const hub = await startHub({ storagePath: join(folder, 'arc.sqlite3'), port: 0, logLevel: 'silent' })
  const alice = await ArcClient.quickstart('alice', { baseUrl: hub.url })
  const posted: number[] = []
  const say = async (i: number) => {
    posted[i] = (await alice.dm(AGENT, MESSAGES[i]?.body ?? '')).id
  }
  const message = JSON.stringify({ from_agent: 'alice', to_agent: AGENT, body: MESSAGES[1].body })
  const curl = `curl -s -d '${message}' ${hub.url}/v1/messages`
  const script = [{ shell: curl }, { text: 'Finished one.', delayMs: 1_500 }, { text: 'Finished two.' }]
  const model = await scriptedModel(script, (request) => {
    if (request === 2) void say(2)
  })
  try {
    await say(0)
    const installed = join(INSTALLED, harness)
    const hook = [execPath, HOOK, harness, '--agent', AGENT] as const
    const { command, env: own } = program.setUp({
      installed,
      home,
      work,
      modelPort: model.port,
      hook: [...hook],
    })
    await run(command, work, {
      PATH: `${join(execPath, '..')}:/usr/bin:/bin`,
      HOME: home,
      TMPDIR: join(folder, 'tmp'),
      LANG: 'C.UTF-8',
      TERM: 'dumb',
      SHELL: '/bin/bash',
      DO_NOT_TRACK: '1',
      ARC_BASE_URL: hub.url,
      ...own,
    })
    posted[1] = await idOf(hub.url, MESSAGES[1].body)
    const rows: Row[] = []
    for (const [i, { body, request, moment }] of MESSAGES.entries()) {
      const times = (model.requests[request - 1] ?? '').split(`| ${body}`).length - 1
      const [receipt] = await alice.receipts(posted[i] as number).catch(() => [])
      const isShown = receipt?.state === 'shown' && receipt.via === `${harness} ${moment}`
      const tookMs = receipt?.shown_at
        ? Date.parse(receipt.shown_at) - Date.parse(receipt.queued_at)
        : undefined
      const what = `${receipt?.state ?? 'none'}, ${receipt?.via ?? '–'}`
      rows.push({ harness, version, moment, passed: times === 1 && isShown, what, tookMs })
    }
    return rows
  } finally {
    model.close()
    await alice.close()
    await hub.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The id of the message that the program's own shell has posted; 0 if it has not. */
async function idOf(url: string, body: string): Promise<number> {
  const response = await fetch(`${url}/v1/inbox/${AGENT}`)
  const { result } = (await response.json()) as { result: { id: number; body: string }[] }
  return result.find((message) => message.body === body)?.id ?? 0
}

/** Runs a program to its end, at most `RUN_MS`. */
function run(command: readonly string[], cwd: string, env: Record<string, string>): Promise<void> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), RUN_MS)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      if (code !== 0) console.log(`${program} ended with ${code}:\n${output.slice(-2_000)}`)
      resolve()
    })
  })
}
