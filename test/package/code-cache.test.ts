// V8's code cache beside the files of the program: kept by one process, used by the next, and never in the way.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { PACKAGE_ROOT, PROGRAM } from '../../src/package.js'
import { ownFolder } from '../support/folder.js'

const LOADER = new URL('./dist/src/code-cache.js', PACKAGE_ROOT).href
const { NODE_OPTIONS: _, ...env } = process.env

/** A folder with a file, and what prints it when it is loaded from the cache. */
function arena(t: Test, code: string) {
  const folder = ownFolder(t)
  const file = join(folder, 'file.cjs')
  const cache = `${file}.${process.version}-${process.arch}.cache`
  writeFileSync(file, code)
  const start = join(folder, 'start.mjs')
  writeFileSync(start, `import { loadCached } from '${LOADER}'\nloadCached(...process.argv.slice(2))\n`)
  const run = (more: NodeJS.ProcessEnv = {}, ...use: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [start, file, ...use], {
      encoding: 'utf8',
      env: { ...env, ...more },
    })
    return status === 0 ? stdout + stderr : stderr
  }
  return { folder, file, cache, run, files: () => readdirSync(folder).sort() }
}

/** The file gets other code of the same length, in silence: only a process that uses the cache still runs the old code. */
function replaceInSilence(file: string, code: string): void {
  writeFileSync(file, code)
  utimesSync(file, 1, 1)
}

t.test('the first process keeps the cache, and the next ones use it', async (t) => {
  const { file, cache, run, files } = arena(t, "console.log('one')")
  t.equal(run(), 'one\n')
  t.same(files(), ['file.cjs', cache.slice(cache.lastIndexOf('file.cjs')), 'start.mjs'])
  const { ino } = statSync(cache)
  replaceInSilence(file, "console.log('two')")
  t.equal(run(), 'one\n', 'it runs what was compiled')
  t.equal(statSync(cache).ino, ino, 'and does not write it again')
})

t.test('a changed file is compiled again', async (t) => {
  const { file, cache, run } = arena(t, "console.log('one')")
  run()
  utimesSync(cache, new Date(), new Date(Date.now() - 10_000))
  writeFileSync(file, "console.log('two')")
  t.equal(run(), 'two\n')
  replaceInSilence(file, "console.log('six')")
  t.equal(run(), 'two\n', 'its cache is new')
})

t.test('a cache that V8 refuses is replaced', async (t) => {
  const { file, cache, run } = arena(t, "console.log('one')")
  run()
  const whole = readFileSync(cache)
  for (const spoilt of [Buffer.alloc(0), Buffer.from('no cache'), whole.subarray(0, whole.length / 2)]) {
    writeFileSync(cache, spoilt)
    t.equal(run(), 'one\n')
    t.ok(readFileSync(cache).length > whole.length / 2 + 1)
  }
  replaceInSilence(file, "console.log('two')")
  t.equal(run(), 'one\n')
})

t.test('where no cache can be kept, the file runs all the same and nothing is left', async (t) => {
  const { cache, run, files } = arena(t, "console.log('one')")
  mkdirSync(cache)
  const before = files()
  t.equal(run(), 'one\n')
  t.same(files(), before)
})

t.test('a process with options of Node keeps no cache', async (t) => {
  const { run, files } = arena(t, "console.log('one')")
  t.equal(run({ NODE_OPTIONS: '--max-old-space-size=512' }), 'one\n')
  t.same(files(), ['file.cjs', 'start.mjs'])
})

t.test('errors name the same places, and other files get the same module', async (t) => {
  const { file, run } = arena(t, "exports.it = 1; new Promise((_, no) => no(new Error('x')))")
  const places = () => run().match(/file\.cjs:\d+:\d+/g)
  t.same(places(), ['file.cjs:1:43', 'file.cjs:1:17'])
  t.same(places(), ['file.cjs:1:43', 'file.cjs:1:17'], 'from the cache, too')
  const other = file.replace('file.cjs', 'other.cjs')
  writeFileSync(other, "console.log(require('./file.cjs').it)")
  writeFileSync(file, "exports.it = 2; require('./other.cjs')")
  t.equal(run(), '2\n')
})

t.test('the files beside it that it requires are kept as well', async (t) => {
  const { folder, file, run, files } = arena(t, "require('./two.cjs'); console.log(require('node:path').sep)")
  writeFileSync(file.replace('file', 'two'), "exports.one = require('./file.cjs'); console.log('two')")
  t.equal(run(), 'two\n/\n')
  t.equal(files().length, 5)
  replaceInSilence(join(folder, 'two.cjs'), "exports.one = require('./file.cjs'); console.log('six')")
  t.equal(run(), 'two\n/\n')
})

t.test('each use has a cache of its own, which holds what it calls', async (t) => {
  const body = 'x = 0;'.repeat(2_000)
  const code = `let x; function one() { ${body} } function two() { ${body} }
    if (process.argv[3] === 'one') one(); if (process.argv[3] === 'two') two()`
  const { cache, run, files } = arena(t, code)
  const cacheOf = (use: string) => cache.replace('.cjs.', `.cjs.${use}.`)
  for (const use of ['one', 'two', 'none']) run({}, use)
  t.equal(files().length, 2 + 3)
  const bytesOf = (use: string) => statSync(cacheOf(use)).size
  t.ok(bytesOf('one') > bytesOf('none') + 5_000)
  t.ok(bytesOf('two') > bytesOf('none') + 5_000)
  for (const use of ['../two', 'Two', '--two', 'a'.repeat(40)]) run({}, use)
  t.equal(files().length, 2 + 4, 'all else shares one')
  t.ok(statSync(cache).isFile())
})

t.test('a process that fails keeps nothing, since its use may be a mistake', async (t) => {
  const { run, files } = arena(t, 'process.exit(2)')
  run({}, 'pots')
  t.same(files(), ['file.cjs', 'start.mjs'])
})

t.test('many files say nothing', async (t) => {
  const { folder, file, run, files } = arena(t, '')
  const names = Array.from({ length: 20 }, (_, i) => `./of-many-${i}.cjs`)
  for (const name of names) writeFileSync(join(folder, name), '')
  writeFileSync(file, names.map((name) => `require('${name}')`).join('\n'))
  t.equal(run(), '')
  t.equal(files().length, 2 * 21 + 1)
})

t.test('nothing is kept of a file that calls import, and it can', async (t) => {
  const code = "import('./other.mjs').then(({ it }) => console.log(it))"
  const { folder, run, files } = arena(t, code)
  writeFileSync(join(folder, 'other.mjs'), 'export const it = 1')
  t.equal(run(), '1\n')
  t.same(files(), ['file.cjs', 'other.mjs', 'start.mjs'])
})

t.test('a process that goes on keeps it after a moment', async (t) => {
  const { run } = arena(
    t,
    `const end = Date.now() + 60_000
    setInterval(() => {
      const kept = require('node:fs').readdirSync(__dirname).some((name) => name.endsWith('.cache'))
      if (kept || Date.now() > end) process.exit(console.log(kept))
    }, 10)`,
  )
  t.equal(run(), 'true\n')
})

t.test('what starts a command, a hook and a hub calls no import', async (t) => {
  const folder = join(PROGRAM, '..')
  const codeOf = (name: string) => readFileSync(join(folder, name), 'utf8')
  const threads = ['hub.cjs', 'storage.actor.cjs', 'gateway.actor.cjs', 'relay.actor.cjs']
  const names = new Set(['command-line.cjs', 'hook-call.cjs', 'arc-ensure.cjs', 'arc-hub.cjs', ...threads])
  for (const name of names) {
    const code = codeOf(name)
    t.notMatch(code, /(?<![.\w])import\(/, name)
    for (const [, other = ''] of code.matchAll(/(?<!=>)require\(.\.\/([\w.-]+\.cjs).\)/g)) names.add(other)
  }
  t.ok(names.has('hub-ground.cjs'), [...names].join(' '))
})
