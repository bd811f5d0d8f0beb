// The queue as others get it: the program in docs/RELAY.md runs as it stands there, against the package by its name.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { ownFolder } from '../support/folder.js'

const PACKAGE = fileURLToPath(new URL('../../..', import.meta.url))
const TSC = join(PACKAGE, 'node_modules', 'typescript', 'lib', 'tsc.js')
const TIMEOUT_MS = 60_000

/** A folder of a program that has the package installed. */
function project(t: Test): string {
  const folder = ownFolder(t)
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(PACKAGE, join(folder, 'node_modules', 'arc-hub'), 'junction')
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  return folder
}

function documentedProgram(): string {
  const page = readFileSync(join(PACKAGE, 'docs', 'RELAY.md'), 'utf8')
  const [, program] = /^```js\n([^`]*?arc-hub\/queue(?:.|\n)*?)^```$/m.exec(page) ?? []
  if (!program) throw new Error('docs/RELAY.md shows no program that uses the queue')
  return program
}

function run(args: readonly string[], cwd: string) {
  const { NODE_OPTIONS: _, ...env } = process.env
  return spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8', timeout: TIMEOUT_MS })
}

t.test('the documented program answers a request', async (t) => {
  const folder = project(t)
  writeFileSync(join(folder, 'program.js'), documentedProgram())
  const { status, stdout, stderr } = run(['program.js'], folder)
  t.equal(stdout, 'alice/0001 is done: do this\n', stderr)
  t.equal(status, 0)
  t.ok(existsSync(join(folder, 'my-spool', 'requests', 'alice', '0001.work')))
})

t.test('the documented program agrees with the types of the package', async (t) => {
  const folder = project(t)
  writeFileSync(join(folder, 'program.ts'), documentedProgram())
  const compilerOptions = {
    ...{ strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'esnext.disposable'] },
    ...{ module: 'nodenext', types: ['node'], typeRoots: [join(PACKAGE, 'node_modules', '@types')] },
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
  const { status, stdout, stderr } = run([TSC, '-p', '.'], folder)
  t.equal(stdout + stderr, '')
  t.equal(status, 0)
})
