// What commands and hub write is for its owner alone: files 0600, folders 0700, whatever the umask.

import { chmodSync, lstatSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { json, Place } from '../support/arc-process.js'

t.jobs = 2

const OPEN = ['sh', '-c', 'umask 0; exec "$@"', 'sh']
const mode = (path: string) => (lstatSync(path).mode & 0o777).toString(8)

t.test('pid file, log and database are 0600, and the folders that a hub makes 0700', async (t) => {
  const place = new Place(t)
  await place.ensure(['--port', '0', '--storage', join('new', 'deep', 'arc.sqlite3'), '--no-relay'], {
    prefix: OPEN,
  })
  t.equal(mode(place.path('new')), '700')
  t.equal(mode(place.path('new', 'deep')), '700')
  const files = readdirSync(place.path('new', 'deep'))
  t.ok(files.includes('.arc.pid') && files.includes('.arc.log') && files.includes('arc.sqlite3'))
  for (const file of files) t.equal(mode(place.path('new', 'deep', file)), '600', file)
})

t.test('the spool that a hub or a relay makes is 0700', async (t) => {
  const place = new Place(t)
  await place.ensure(['--port', '0', '--spool-dir', join('a', 'spool')], { prefix: OPEN })
  t.equal(mode(place.path('a')), '700')
  t.equal(mode(place.path('a', 'spool')), '700')
  const relay = place.start(['relay', '--spool-dir', join('b', 'spool')], { prefix: OPEN })
  await relay.says('serves')
  t.equal(mode(place.path('b')), '700')
  t.equal(mode(place.path('b', 'spool')), '700')
})

t.test('a log that an earlier version made readable by all is closed', async (t) => {
  const place = new Place(t)
  writeFileSync(place.room('.arc.log'), '')
  chmodSync(place.room('.arc.log'), 0o644)
  await place.ensure()
  t.equal(mode(place.room('.arc.log')), '600')
})

t.test('a log that is a link, as it could come with a repository, is not written through', async (t) => {
  const place = new Place(t)
  writeFileSync(place.path('precious'), '')
  symlinkSync('../precious', place.room('.arc.log'))
  const done = await place.arc(['ensure', '--port', '0'])
  t.match(json(done), {
    running: false,
    error: /cannot write the log .*\.arc\.log, which is a symbolic link/,
  })
  t.equal(done.status, 1)
  t.equal(lstatSync(place.path('precious')).size, 0)
})
