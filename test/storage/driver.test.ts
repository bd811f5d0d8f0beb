// Which better-sqlite3 runs on which Node: where the two don't fit, Arc says so in one sentence, before the binary
// can crash the process. Arc is run from a copy whose better-sqlite3 is a stand-in.

import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { PACKAGE_ROOT } from '../../src/package.js'
import { installAgain, misfit } from '../../src/storage/sqlite/driver.js'
import { ownFolder } from '../support/folder.js'

const ROOT = fileURLToPath(PACKAGE_ROOT)
const NODE_MAJOR = Number.parseInt(process.versions.node, 10)

interface StandIn {
  readonly version: string
  /** What its constructor does. */
  readonly opening: string
}

/** A copy of Arc, as in a project that has installed it, with another better-sqlite3; returns its program. */
function installed(project: string, { version, opening }: StandIn): string {
  const modules = join(project, 'node_modules')
  const arc = join(modules, 'arc-hub')
  const driver = join(modules, 'better-sqlite3')
  mkdirSync(arc, { recursive: true })
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== 'better-sqlite3')
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'junction')
  }
  cpSync(join(ROOT, 'package.json'), join(arc, 'package.json'))
  cpSync(join(ROOT, 'dist', 'program'), join(arc, 'dist', 'program'), { recursive: true })
  mkdirSync(driver)
  writeFileSync(join(driver, 'package.json'), JSON.stringify({ name: 'better-sqlite3', version }))
  writeFileSync(
    join(driver, 'index.js'),
    `module.exports = class Database { constructor() { ${opening} } }
     module.exports.SqliteError = class extends Error {}`,
  )
  writeFileSync(join(project, 'package.json'), '{}')
  return join(arc, 'dist', 'program', 'main.cjs')
}

/** What a hub says that is started in this folder and ends. */
function startHub(program: string, cwd: string): Promise<{ status: unknown; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, '--port', '0'], { cwd, env: {} }, (error, _stdout, stderr) =>
      resolve({ status: error?.code ?? error?.signal ?? 0, stderr }),
    )
  })
}

async function refusesToStart(t: Test, standIn: StandIn, reason: RegExp): Promise<void> {
  const project = ownFolder(t)
  const { status, stderr } = await startHub(installed(project, standIn), project)
  t.equal(status, 1, stderr)
  t.match(stderr, reason)
  t.equal(stderr.trimEnd().split('\n').length, 1, 'one line, no stack')
}

t.test('13 is for Node 22 and newer, 12 for what is older than 24', async (t) => {
  const fits = (node: string, driver: string) => misfit(node, driver) === undefined
  t.strictSame(
    ['20.19.0', '22.0.0', '24.21.0', '26.12.1'].map((node) => [fits(node, '12.11.1'), fits(node, '13.2.0')]),
    [
      [true, false],
      [true, true],
      [false, true],
      [false, true],
    ],
  )
  t.match(misfit('18.20.8', '13.2.0'), /^Arc needs Node 20\.19 or newer, and this is Node 18\.20\.8$/)
})

t.test(
  'a version that would crash this Node is not loaded',
  {
    skip: NODE_MAJOR < 22 || NODE_MAJOR >= 24 ? false : 'both versions fit this Node',
  },
  async (t) => {
    const version = NODE_MAJOR < 22 ? '13.2.0' : '12.11.1'
    const reason =
      /^arc error: better-sqlite3 [\d.]+ .*Node .*: run `npm uninstall arc-hub` in \/\S+, and install/
    await refusesToStart(t, { version, opening: 'process.abort()' }, reason)
  },
)

t.test('a binary that is missing is said in one line', async (t) => {
  const opening = "throw new Error('Could not locate the bindings file. Tried:\\n → a\\n → b')"
  const old = { version: '12.11.1', opening }
  const current = { version: '13.2.0', opening }
  const reason =
    NODE_MAJOR < 22
      ? /error: the SQLite binary of better-sqlite3 12\.11\.1 is missing, as after `npm install --ignore-scripts`: run `npm run install` in \/.*better-sqlite3$/m
      : /no binary of better-sqlite3 .* runs on Node .* \(Could not locate the bindings file\): with a C\+\+ compiler, run `npm /
  await refusesToStart(t, NODE_MAJOR < 22 ? old : current, reason)
})

t.test('how to install it again: in a project and in a clone', async (t) => {
  t.match(installAgain('/work/node_modules/arc-hub/'), 'run `npm uninstall arc-hub` in /work, and install')
  t.match(installAgain('/work/arc/'), 'run `npm install` in /work/arc/ with the Node')
})
