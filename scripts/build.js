// Builds the project into dist/: tsc for the packages' exports and the tests, then rolldown for the program, and vite for the
// page meanwhile. Does nothing when what is there was built of the same sources, so that `npm install`, `npm test` and
// whoever else needs a build can each ask for one.
//
//   node scripts/build.js [--for-tests]
//
// "The same" goes by content: a stamp in dist/, written last, is a hash of all sources and settings. For tests, tap is made
// ready as well: it is built once, with the plugins that package.json leaves it.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['src', 'test', 'bench']
const SETTINGS = [
  'package-lock.json',
  'rolldown.config.js',
  'scripts/build.js',
  'scripts/bundle.js',
  'tsconfig.json',
  'vite.config.ts',
]
const STAMP = 'dist/.built'
/** These change with whatever else is built: by hand, or by `npm run dev`. */
const OUTCOMES = ['dist/.tsbuildinfo', 'dist/program/main.js', 'dist/dashboard/index.html']
const TAP = 'node_modules/@tapjs/test/test-built/dist/esm/index.js'

const at = (path) => join(ROOT, path)
const text = (path) => (existsSync(at(path)) ? readFileSync(at(path), 'utf8') : '')

function filesIn(folder) {
  if (!existsSync(at(folder))) return []
  const entries = readdirSync(at(folder), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name)))
}

/** Of sources and settings, and of what the last build has left. */
function stamp() {
  const hash = createHash('sha256')
  const files = [...FOLDERS.flatMap(filesIn), ...SETTINGS, ...OUTCOMES].sort()
  for (const file of files) hash.update(`${file}\0${text(file)}\0`)
  return hash.digest('hex')
}

/** Removes what was compiled of a source that is gone: a test that was renamed would run twice. */
function removeLeftovers() {
  for (const file of FOLDERS.flatMap((folder) => filesIn(join('dist', folder)))) {
    const source = relative('dist', file).replace(/\.(js|d\.ts)(\.map)?$/, '.ts')
    if (!existsSync(at(source))) rmSync(at(file))
  }
}

/** Runs one of the packages' programs to its end. */
function run(program, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(at(join('node_modules/.bin', program)), args, { cwd: ROOT, stdio: 'inherit' })
    child.on('error', reject)
    child.on('exit', (status) => (status === 0 ? resolve() : reject(new Error(`${program} failed`))))
  })
}

/** The bundler is loaded when there is something to bundle. */
const bundleProgram = () => import('./bundle.js').then(({ bundle }) => bundle())

async function build() {
  if (OUTCOMES.every((path) => existsSync(at(path))) && text(STAMP) === stamp()) return
  removeLeftovers()
  await Promise.all([run('tsc').then(bundleProgram), run('vite', 'build', '--logLevel', 'warn')])
  writeFileSync(at(STAMP), stamp())
}

/** As installed, tap has a plugin that does not work with this compiler. */
async function buildTap() {
  const unwanted = JSON.parse(text('package.json')).tap.plugin.map((name) => `"${name.replace('!', '')}"`)
  const built = text(TAP)
  if (built === '' || unwanted.some((plugin) => built.includes(plugin))) await run('tap', 'build')
}

try {
  await build()
  if (process.argv.includes('--for-tests')) await buildTap()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
