// The package as others get it: packed, and put into an empty project on a path with spaces. Nothing is downloaded: the
// packages that it names as dependencies, and no others, are links to those of this clone.

import { execFileSync, spawnSync } from 'node:child_process'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { PACKAGE_ROOT, version } from '../../src/package.js'
import { ownFolder } from '../support/folder.js'

const ROOT = fileURLToPath(PACKAGE_ROOT)
const TSC = join(ROOT, 'node_modules', 'typescript', 'lib', 'tsc.js')
const MOST = { bytes: 3_200_000, packedBytes: 1_000_000, files: 250 }

const { NODE_OPTIONS: _, ...env } = process.env
const folder = ownFolder(t)
const project = join(folder, 'an empty project')
const modules = join(project, 'node_modules')
const installed = join(modules, 'arc-hub')

const [packed] = JSON.parse(npm('pack', '--ignore-scripts', '--json', '--pack-destination', folder)) as {
  filename: string
  size: number
  unpackedSize: number
  files: { path: string }[]
}[]
if (!packed) throw new Error('npm has packed nothing')
mkdirSync(installed, { recursive: true })
const tarball = join(folder, packed.filename)
execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
  bin: Record<string, string>
  dependencies: Record<string, string>
}
for (const name of Object.keys(manifest.dependencies)) {
  symlinkSync(realpathSync(join(ROOT, 'node_modules', name)), join(modules, name), 'junction')
}
mkdirSync(join(modules, '.bin'))
for (const [name, path] of Object.entries(manifest.bin)) {
  symlinkSync(join('..', 'arc-hub', path), join(modules, '.bin', name))
}
writeFileSync(join(project, 'package.json'), '{"type": "module"}')

function npm(...args: string[]): string {
  const command = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  return execFileSync(command, args, {
    cwd: ROOT,
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

const run = (command: string, args: readonly string[]) =>
  spawnSync(command, args, { cwd: project, encoding: 'utf8', env, timeout: 60_000 })

t.test('the package is small: one copy of the code, no maps, no tests, no benchmark of ours', async (t) => {
  t.ok(packed.size < MOST.packedBytes, `${packed.size} bytes packed`)
  t.ok(packed.unpackedSize < MOST.bytes, `${packed.unpackedSize} bytes`)
  t.ok(packed.files.length < MOST.files, `${packed.files.length} files`)
  const unwanted = packed.files.filter(({ path }) =>
    /\.map$|\.cache|^dist\/(src|test|bench)\/|PERFORMANCE|docs\/images|(?<!\.d)\.ts$/.test(path),
  )
  t.strictSame(unwanted, [])
  t.ok(packed.files.some(({ path }) => path === 'dist/program/LICENSES.txt'))
})

t.test('the installed command runs a hub, an agent and the smoke run over files', async (t) => {
  const arc = (...args: string[]) => run(join(modules, '.bin', 'arc'), args)
  t.equal(arc('--version').stdout, `arc ${version()}\n`)
  const ensured = arc('ensure', '--port', '0')
  t.teardown(() => arc('stop'))
  const { running, url } = JSON.parse(ensured.stdout) as { running: boolean; url: string }
  t.ok(running, ensured.stderr)
  t.match(JSON.parse(arc('post', '--agent', 'me', 'hello').stdout), { body: 'hello' })
  t.equal(arc('smoke').status, 0)
  t.match(await (await fetch(url)).text(), '<!doctype html>', 'the page is in the package')
  t.equal(arc('stop').status, 0)
})

t.test('a room on a database server needs pg, which the package does not bring', async (t) => {
  const ensured = run(join(modules, '.bin', 'arc'), [
    'ensure',
    '--port',
    '0',
    '--storage',
    'postgres://localhost/room',
  ])
  t.equal(ensured.status, 1)
  t.match(
    JSON.parse(ensured.stdout).error,
    /needs the package pg, which is not installed: run npm install pg/,
  )
})

t.test('npx finds the command in the project, and runs ours', async (t) => {
  const { stdout, stderr } = run('npx', ['--offline', '-y', 'arc-hub', '--version'])
  t.equal(stdout, `arc ${version()}\n`, stderr)
})

t.test('the benchmarks are in the package', async (t) => {
  t.match(
    run(join(modules, '.bin', 'arc'), ['bench', 'x']).stderr,
    'there is no scenario "x"; there are posts',
  )
})

const PROGRAM = `
import { ArcClient, ArcError, type Message } from 'arc-hub'
import { startHub } from 'arc-hub/hub'
import { message, requests } from 'arc-hub/protocol'
import { type QueuedRequest, QueueHost, Submitter } from 'arc-hub/queue'

const hub = await startHub({ storagePath: 'program.sqlite3', port: 0, logLevel: 'silent' })
await using me = await ArcClient.quickstart('me', { baseUrl: hub.url })
const posted: Message = await me.post('hello')
const refused: unknown = await me.release('nothing').catch((error: unknown) => error)
console.log(message.parse(posted).body, refused instanceof ArcError, Object.keys(requests).length > 9)
const executor = async ({ stem }: QueuedRequest) => stem
console.log(typeof new Submitter('spool', 'me').submit, typeof QueueHost, typeof executor)
await me.close()
await hub.stop()
`

t.test('a program that imports all of the package runs', async (t) => {
  const javaScript = PROGRAM.replace(/type \w+, |, type \w+|: (Message|unknown|QueuedRequest)\b/g, '')
  writeFileSync(join(project, 'program.js'), javaScript.replace('await using', 'const'))
  const { stdout, stderr } = run(process.execPath, ['program.js'])
  t.equal(stdout, 'hello true true\nfunction function function\n', stderr)
})

for (const [module, moduleResolution] of [
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
] as const) {
  t.test(`the types are strict on ES2022, with ${moduleResolution} and without skipLibCheck`, async (t) => {
    writeFileSync(join(project, 'program.ts'), PROGRAM.replace('await using', 'const'))
    const compilerOptions = {
      ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true },
      ...{ target: 'es2022', lib: ['es2022'], module, moduleResolution },
      ...{ types: ['node'], typeRoots: [join(ROOT, 'node_modules', '@types')] },
    }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
    const { status, stdout, stderr } = run(process.execPath, [TSC, '-p', '.'])
    t.equal(stdout + stderr, '')
    t.equal(status, 0)
  })
}

t.test('the types of the SDK need no types of Node', async (t) => {
  writeFileSync(
    join(project, 'sdk.ts'),
    "import { ArcClient } from 'arc-hub'\nconsole.log(new ArcClient('me').agentId)\n",
  )
  const compilerOptions = {
    ...{ strict: true, skipLibCheck: false, noEmit: true, types: [] },
    ...{ target: 'es2022', lib: ['es2022', 'dom', 'esnext.disposable'], module: 'nodenext' },
  }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['sdk.ts'] }))
  const { stdout, stderr } = run(process.execPath, [TSC, '-p', '.'])
  t.equal(stdout + stderr, '')
})

t.test('every file of the package leads to files that are in it', async (t) => {
  const missing = packed.files.flatMap(({ path }) => {
    if (!/\.(js|d\.ts)$/.test(path)) return []
    const text = readFileSync(join(installed, path), 'utf8')
    const imports = text.matchAll(/\b(?:from|import\(?)\s*["'](\.[^"']+)["']/g)
    return [...imports].flatMap(([, imported = '']) => {
      const target = join(
        installed,
        dirname(path),
        path.endsWith('.d.ts') ? imported.replace(/\.js$/, '.d.ts') : imported,
      )
      return statSync(target, { throwIfNoEntry: false }) ? [] : [`${path}: ${relative(installed, target)}`]
    })
  })
  t.strictSame(missing, [])
  t.ok(readdirSync(join(installed, 'dist', 'types')).length > 0)
})
