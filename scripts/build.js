// Builds the project into dist/: tsc compiles the sources and the tests, then rolldown bundles what the package holds. vite
// builds the page meanwhile. If dist/ was built from the same sources, it does nothing, so `npm install` and `npm test` can
// each call it.
//
//   node scripts/build.js [--for-tests]
//
// A stamp in dist/, written last, is a hash of all sources and settings, so a changed content counts and a changed time does
// not. For tests it also builds tap, once, with the plugins that package.json allows.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { copyTypes } from './types.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['src', 'test', 'bench']
const SETTINGS = [
  'package-lock.json',
  'rolldown.config.js',
  'scripts/build.js',
  'scripts/bundle.js',
  'scripts/types.js',
  'tsconfig.json',
  'vite.config.ts',
]
const STAMP = 'dist/.built'
/** Files that any other build changes, too: one by hand, or by `npm run dev`. */
const OUTCOMES = [
  'dist/.tsbuildinfo',
  'dist/program/command-line.cjs',
  'dist/types/sdk/index.d.ts',
  'dist/dashboard/index.html',
]
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

/** A hash of the sources, the settings and the outcomes of the last build. */
function stamp() {
  const hash = createHash('sha256')
  const files = [...FOLDERS.flatMap(filesIn), ...SETTINGS, ...OUTCOMES].sort()
  for (const file of files) hash.update(`${file}\0${text(file)}\0`)
  return hash.digest('hex')
}

/** Removes compiled files without a source: a renamed test would run twice. */
function removeLeftovers() {
  for (const file of FOLDERS.flatMap((folder) => filesIn(join('dist', folder)))) {
    const source = relative('dist', file).replace(/\.(js|d\.ts)(\.map)?$/, '.ts')
    if (!existsSync(at(source))) rmSync(at(file))
  }
}

/** Runs a program of an installed package to its end. */
function run(program, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(at(join('node_modules/.bin', program)), args, { cwd: ROOT, stdio: 'inherit' })
    child.on('error', reject)
    child.on('exit', (status) => (status === 0 ? resolve() : reject(new Error(`${program} failed`))))
  })
}

/** Loads the bundler only for a bundle. */
function bundlePackage() {
  copyTypes()
  return import('./bundle.js').then(({ bundle }) => bundle())
}

async function build() {
  if (OUTCOMES.every((path) => existsSync(at(path))) && text(STAMP) === stamp()) return
  removeLeftovers()
  await Promise.all([run('tsc').then(bundlePackage), run('vite', 'build', '--logLevel', 'warn')])
  writeFileSync(at(STAMP), stamp())
}

/** An installed tap has a plugin that does not work with this compiler. */
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
