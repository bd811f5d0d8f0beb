// Whether git tracks a file, told from the index alone, in every form that git writes one in: versions 2, 3 and 4,
// object names by SHA-1 and SHA-256, a split index, linked work trees, submodules.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { isTrackedByGit, search } from '../../src/git-index.js'
import { ownFolder } from '../support/folder.js'

const PATHS = ['.arc', '.arc.o', '.arc.pid', 'sub/.arc.b', 'sub/.arc.pid', 'sub/deep/file']

function git(folder: string, ...args: (string | { input: string })[]): string {
  const words = args.filter((arg) => typeof arg === 'string')
  const input = args.find((arg) => typeof arg === 'object')?.input ?? ''

  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'protocol.file.allow=always']
  const env = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1' }
  return execFileSync('git', [...who, ...words], {
    ...{ cwd: folder, env, input },
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
}

/** A repository that tracks PATHS, and has untracked files beside them. */
function repository(t: Test, ...options: string[]): string {
  const folder = ownFolder(t)
  git(folder, 'init', '-q', ...options)
  mkdirSync(join(folder, 'sub', 'deep'), { recursive: true })
  mkdirSync(join(folder, 'untracked'))
  for (const path of [...PATHS, 'sub/deep/.arc.pid', 'untracked/.arc.pid'])
    writeFileSync(join(folder, path), path)
  git(folder, 'add', ...PATHS)
  git(folder, 'commit', '-qm', 'x')
  return folder
}

function tellsThemApart(t: Test, folder: string): void {
  t.equal(isTrackedByGit(join(folder, '.arc.pid')), true)
  t.equal(isTrackedByGit(join(folder, 'sub', '.arc.pid')), true)
  t.equal(isTrackedByGit(join(folder, 'sub', 'deep', '.arc.pid')), false)
  t.equal(isTrackedByGit(join(folder, 'untracked', '.arc.pid')), false)
}

for (const format of ['sha1', 'sha256']) {
  for (const version of ['2', '4']) {
    t.test(`an index of version ${version} with ${format}`, async (t) => {
      const folder = repository(t, `--object-format=${format}`)
      git(folder, 'update-index', '--index-version', version)
      t.equal(readFileSync(join(folder, '.git', 'index')).readUInt32BE(4), Number(version))
      tellsThemApart(t, folder)
    })
  }
}

t.test('an index of version 3, which has further flags', async (t) => {
  const folder = repository(t)
  git(folder, 'rm', '-q', '--cached', '.arc.pid')
  git(folder, 'add', '--intent-to-add', '.arc.pid')
  t.equal(readFileSync(join(folder, '.git', 'index')).readUInt32BE(4), 3)
  tellsThemApart(t, folder)
})

t.test('what git remembers of untracked files does not count', async (t) => {
  const folder = repository(t)
  git(folder, 'rm', '-q', '--cached', '.arc.pid')
  git(folder, 'update-index', '--untracked-cache')
  git(folder, 'status')
  const names = readFileSync(join(folder, '.git', 'index'), 'latin1').split('\0')
  t.ok(names.includes('.arc.pid'), 'its name stands in the index')
  t.equal(isTrackedByGit(join(folder, '.arc.pid')), false)
  t.equal(isTrackedByGit(join(folder, 'sub', '.arc.pid')), true)
})

t.test('a split index', async (t) => {
  const folder = repository(t)
  git(folder, 'update-index', '--split-index')
  t.ok(readdirSync(join(folder, '.git')).some((name) => name.startsWith('sharedindex.')))
  tellsThemApart(t, folder)
})

t.test('a linked work tree', async (t) => {
  const folder = repository(t)
  git(folder, 'worktree', 'add', '-q', 'linked')
  writeFileSync(join(folder, 'linked', 'sub', 'deep', '.arc.pid'), '')
  mkdirSync(join(folder, 'linked', 'untracked'))
  writeFileSync(join(folder, 'linked', 'untracked', '.arc.pid'), '')
  tellsThemApart(t, join(folder, 'linked'))
})

t.test('a submodule', async (t) => {
  const inner = repository(t)
  const outer = ownFolder(t)
  git(outer, 'init', '-q')
  git(outer, 'submodule', '--quiet', 'add', inner, 'module')
  t.equal(isTrackedByGit(join(outer, 'module', '.arc.pid')), true)
  writeFileSync(join(outer, 'module', 'sub', 'deep', '.arc.pid'), '')
  t.equal(isTrackedByGit(join(outer, 'module', 'sub', 'deep', '.arc.pid')), false)
})

t.test('more entries than are read at first', async (t) => {
  const folder = repository(t)
  const object = git(folder, 'hash-object', '-w', '.arc').trim()
  const entries = Array.from({ length: 5_000 }, (_, i) => `100644 ${object}\tmany/${'x'.repeat(60)}${i}\n`)
  git(folder, 'update-index', '--add', '--index-info', { input: entries.join('') })
  tellsThemApart(t, folder)
})

t.test('paths longer than an entry can count', async (t) => {
  const folder = repository(t)
  const object = git(folder, 'hash-object', '-w', '.arc').trim()
  const path = (name: string) => `long/${`${'x'.repeat(240)}/`.repeat(20)}${name}`
  const input = ['a', 'b', 'c'].map((name) => `100644 ${object}\t${path(name)}\n`).join('')
  git(folder, 'update-index', '--add', '--index-info', { input })
  for (const version of ['2', '4']) {
    git(folder, 'update-index', '--index-version', version)
    const index = readFileSync(join(folder, '.git', 'index'))
    t.equal(search(index, Buffer.from(path('b')), 20), 'found')
    t.equal(search(index, Buffer.from(path('bb')), 20), 'missing')
    tellsThemApart(t, folder)
  }
})

t.test('no repository, and one to which nothing was added, track nothing', async (t) => {
  const folder = ownFolder(t)
  writeFileSync(join(folder, '.arc.pid'), '')
  t.equal(isTrackedByGit(join(folder, '.arc.pid')), false)
  git(folder, 'init', '-q')
  t.equal(isTrackedByGit(join(folder, '.arc.pid')), false)
})

t.test('an index that can’t be read tells nothing', async (t) => {
  const folder = repository(t)
  const index = join(folder, '.git', 'index')
  for (const broken of [
    '',
    'no index',
    'DIRC\0\0\0\x05\0\0\0\x01',
    `DIRC\0\0\0\x04\0\0\0\x01${'x'.repeat(200)}`,
  ]) {
    writeFileSync(index, broken)
    t.equal(isTrackedByGit(join(folder, '.arc.pid')), undefined, JSON.stringify(broken))
  }
  rmSync(join(folder, '.git'), { recursive: true })
  writeFileSync(join(folder, '.git'), 'gitdir: nowhere')
  t.equal(isTrackedByGit(join(folder, '.arc.pid')), undefined)
})
