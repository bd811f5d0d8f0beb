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
  writeFileSync(start, `import { loadCached } from '${LOADER}'\nloadCached(process.argv[2])\n`)
  const run = (more: NodeJS.ProcessEnv = {}) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [start, file], {
      encoding: 'utf8',
      env: { ...env, ...more },
    })
    return status === 0 ? stdout : stderr
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

t.test('the cached files of the program do not call import', async (t) => {
  const folder = join(PROGRAM, '..')
  const names = ['main.cjs', 'hook.cjs'].flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/[\w-]+\.cjs/g)].map(([name]) => name),
  )
  t.same(names.sort(), ['arc-shared-ground.cjs', 'command-line.cjs', 'hook-call.cjs'])
  for (const name of names) t.notMatch(readFileSync(join(folder, name), 'utf8'), /[^.\w]import\(/, name)
})
