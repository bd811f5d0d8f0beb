// The name of a storage: the hub and the commands agree on it, however it is written and whether the file is there yet.

import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { storageFile } from '../../src/storage-file.js'
import { json, Place, statusOf } from '../support/arc-process.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'

t.jobs = 2

t.test(
  'a storage that is a link to a file which is not there yet is that file for every command',
  async (t) => {
    const place = new Place(t)
    place.below('data')
    const file = place.path('data', 'room.sqlite3')
    symlinkSync(join('data', 'room.sqlite3'), place.path('arc.sqlite3'))
    const first = await place.ensure()
    t.ok(existsSync(file), 'the data is where the link leads')
    t.equal(place.pidFile(place.path('data')).pid, first.pid)
    t.match(json(await place.arc(['ensure'])), { started: false, url: first.url })
    t.match(json(await place.arc(['status'])), { storage_path: file, instance_id: first.instanceId })
    t.match(json(await place.arc(['stop'])), { stopped: true, pid: first.pid })
    const second = await place.ensure()
    t.equal((await statusOf(second.url)).instance_id, first.instanceId)
    t.match(json(await place.arc(['reset'])), { reset: true, removed: [file] })
    t.notOk(existsSync(file), 'reset deletes the data')
    t.ok(lstatSync(place.path('arc.sqlite3')).isSymbolicLink(), 'and leaves the link')
  },
)

t.test('reset deletes the data that a link leads to when no hub runs', async (t) => {
  const place = new Place(t)
  writeFileSync(place.path('real.sqlite3'), 'SQLite format 3\0')
  symlinkSync('real.sqlite3', place.path('arc.sqlite3'))
  t.match(json(await place.arc(['reset'])), { removed: [place.path('real.sqlite3')] })
})

t.test('storageFile follows links upward, in a chain, to what is missing, and in no circle', async (t) => {
  const folder = ownFolder(t)
  const at = (...names: string[]) => join(folder, ...names)
  mkdirSync(at('real'))
  symlinkSync('real', at('link'))
  symlinkSync(at('b'), at('a'))
  symlinkSync(join('link', 'c'), at('b'))
  symlinkSync('nowhere', at('dangling'))
  symlinkSync('circle', at('circle'))
  t.equal(storageFile(at('plain')), at('plain'))
  t.equal(storageFile(at('link', 'x')), at('real', 'x'))
  t.equal(storageFile(at('link', 'new', 'deep', 'x')), at('real', 'new', 'deep', 'x'))
  t.equal(storageFile(at('a')), at('real', 'c'))
  t.equal(storageFile(at('dangling', 'x')), at('nowhere', 'x'))
  t.equal(storageFile(at('circle')), at('circle'))
})

t.test('a hub makes the folder that a link leads to', async (t) => {
  const folder = ownFolder(t)
  symlinkSync(join('new', 'deep', 'x.sqlite3'), join(folder, 'arc.sqlite3'))
  const { storagePath } = await startTestHub(t, { storagePath: join(folder, 'arc.sqlite3') })
  t.equal(storagePath, join(folder, 'new', 'deep', 'x.sqlite3'))
  t.match(readFileSync(storagePath, 'latin1'), /^SQLite format 3/)
})

t.test('startHub refuses a name that ends in white space, and an address that is none', async (t) => {
  const folder = ownFolder(t)
  const storagePath = join(folder, 'x')
  for (const space of [' ', '\n', '\t', '\u00a0'])
    await t.rejects(startTestHub(t, { storagePath: `${storagePath}${space}` }), /ends in white space/)
  await t.rejects(
    startTestHub(t, { storagePath, host: '127.0.0.1:80' }),
    /^Error: host must be an IP address|host must be/,
  )
})
