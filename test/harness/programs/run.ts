// `npm run test:harness`: `arc setup` in the real programs. A message that is posted before the program starts, while a tool runs,
// and while the last answer is written, must each stand in the program's next request to its model, exactly once, and its
// receipt must say `shown` by that program and moment, and not before. The model then works by Arc's tools. See proofs.ts.
//
// npm fetches the programs. They may call home, so each runs in a network namespace with loopback alone, with an empty home, dummy
// keys and telemetry off: this program runs itself again in such a namespace. `ARC_HARNESSES=codex,gemini` selects, `ARC_RENEW=1`
// writes the table of a run of all into docs/harnesses/README.md.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { env, execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { PACKAGE_ROOT } from '../../../src/package.js'
import { HTTP_HOOKS, proveHttpHooks } from './http-hooks.js'
import { INSPECTOR, inspected } from './inspector.js'
import { PROGRAMS, type Program } from './programs.js'
import { NAMES, type Proof } from './proof.js'
import { proofsOf } from './proofs.js'

const INSTALLED = env.ARC_HARNESS_PROGRAMS ?? join(homedir(), '.cache', 'arc-harness-programs')
const PAGE = fileURLToPath(new URL('./docs/harnesses/README.md', PACKAGE_ROOT))
const [BEGIN, END] = ['<!-- npm run test:harness -->', '<!-- end -->']

const isSelected = ({ harness }: { harness: string }) =>
  !env.ARC_HARNESSES || env.ARC_HARNESSES.split(',').includes(harness)
const selected = PROGRAMS.filter(isSelected)
const fetched = [...selected, ...[INSPECTOR].filter(isSelected)]
if (env.ARC_IN_NAMESPACE === undefined) outside()
else await inside()

/** Installs the programs, and runs this again without a network. */
function outside(): void {
  for (const program of fetched) {
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
  const rows: (readonly [Program, Proof[]])[] = []
  for (const program of selected) {
    const folder = folderOf(program)
    if (folder === undefined) continue
    const proofs = await proofsOf(program, folder)
    for (const { name, passed, what } of proofs)
      console.log(`${passed ? 'ok' : 'NOT OK'} ${program.harness} ${program.version}: ${name}: ${what}`)
    rows.push([program, proofs])
  }
  const table = `${tableOf(rows)}\n`
  const more = [await httpHooksLine(), await inspectedLine()]
  const whole = table + more.map(({ line }) => line).join('')
  console.log(whole)
  if (env.ARC_RENEW && rows.length === PROGRAMS.length) renew(whole)
  const isProved = (proofs: readonly Proof[], name: string) =>
    proofs.some((one) => one.name === name && one.passed)
  const all = rows
    .flatMap(([, proofs]) => NAMES.map((name) => isProved(proofs, name)))
    .concat(more.flatMap(({ passed }) => passed))
  const failed = all.filter((passed) => !passed).length
  console.log(`${all.length - failed} passed, ${failed} failed`)
  process.exit(failed > 0 || all.length === 0 ? 1 : 0)
}

/** Where npm has installed a program; undefined, and said so, if it has not. */
function folderOf({ harness, version }: { harness: string; version: string }): string | undefined {
  const folder = join(INSTALLED, harness)
  if (existsSync(join(folder, `installed-${version}`))) return folder
  console.log(`SKIPPED ${harness}: it is not in ${folder}`)
  return undefined
}

async function httpHooksLine(): Promise<{ line: string; passed: boolean[] }> {
  const program = selected.find(({ harness }) => harness === HTTP_HOOKS)
  const folder = program && folderOf(program)
  return program && folder !== undefined ? proveHttpHooks(program, folder) : { line: '', passed: [] }
}

async function inspectedLine(): Promise<{ line: string; passed: boolean[] }> {
  const folder = isSelected(INSPECTOR) ? folderOf(INSPECTOR) : undefined
  if (folder === undefined) return { line: '', passed: [] }
  const { called, failed } = await inspected(folder).catch(({ message }: Error) => ({
    called: [],
    failed: [message],
  }))
  const outcome = failed.length === 0 ? 'each answers' : `**these fail**: ${failed.join('; ')}`
  const line = `\n${INSPECTOR.title} ${INSPECTOR.version} lists ${called.length} tools and calls them: ${outcome}.\n`
  return { line, passed: [failed.length === 0] }
}

function tableOf(rows: readonly (readonly [Program, Proof[]])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const body = rows.map(([{ title, version }, proofs]) =>
    line([
      `${title} ${version}`,
      ...NAMES.map((name) => {
        const proof = proofs.find((one) => one.name === name)
        return proof?.passed ? proof.what : `**no** (${proof?.what ?? 'not run'})`
      }),
    ]),
  )
  return [line(['program', ...NAMES]), line(['program', ...NAMES].map(() => '---')), ...body].join('\n')
}

function renew(table: string): void {
  const page = readFileSync(PAGE, 'utf8')
  const [before, rest = ''] = page.split(BEGIN)
  writeFileSync(PAGE, `${before}${BEGIN}\n${table.trimEnd()}\n${END}${rest.split(END)[1]}`)
}
