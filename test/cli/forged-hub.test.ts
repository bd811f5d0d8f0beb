// A false pid file, and a server that backs it up: it says over HTTP that it is the process which the file names. The
// proof must not come from the party that is to be proved. A bystander, a process of this user that has
// nothing to do with Arc, survives every command, and so does every file.

import { existsSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { writePidFile } from '../../src/sdk/pid-file.js'
import { isAlive, json, Place, type Stranger } from '../support/arc-process.js'
import { type FalseHub, startFalseHub, startFalseHubProcess } from '../support/false-hub.js'

t.jobs = 2

interface Forgery {
  readonly place: Place
  readonly bystander: Stranger
  readonly hub: FalseHub
}

/** A pid file that names the bystander, and a server that claims to be it and to serve `arc.sqlite3` of the folder. */
async function forge(t: Test, storage = 'arc.sqlite3'): Promise<Forgery> {
  const place = new Place(t)
  const bystander = place.stranger()
  const lies = {
    pid: bystander.pid,
    started_at: new Date().toISOString(),
    instance_id: 'mh1-0',
    storage_path: place.path(storage),
  }
  const hub = await startFalseHub(t, lies)
  const { pid, started_at, instance_id } = lies
  writePidFile(place.path('.arc.pid'), { pid, port: hub.port, url: hub.url, instance_id, started_at })
  return { place, bystander, hub }
}

t.test('stop signals nobody when the hub at the address claims to be the bystander', async (t) => {
  const { place, bystander } = await forge(t)
  const done = await place.arc(['stop'])
  t.ok(await bystander.isUnharmed(), 'the bystander lives')
  const error = new RegExp(
    `names process ${bystander.pid}, but that process does not listen at .* nobody was signalled`,
  )
  t.match(json(done), { stopped: false, error })
  t.equal(done.status, 1)
})

t.test('stop --storage signals nobody when the hub at the address claims to be the bystander', async (t) => {
  const { place, bystander } = await forge(t)
  const done = await place.arc(['stop', '--storage', 'arc.sqlite3'])
  t.ok(await bystander.isUnharmed(), 'the bystander lives')
  t.match(json(done), { stopped: false, error: /nobody was signalled/ })
})

t.test('stop --port asks such a hub to stop, signals nobody, and names no process', async (t) => {
  const { place, bystander, hub } = await forge(t)
  writeFileSync(place.path('.arc.pid'), '')
  const done = await place.arc(['stop', '--port', `${hub.port}`])
  t.ok(await bystander.isUnharmed(), 'the bystander lives')
  t.ok(hub.asked.includes('POST /v1/shutdown'))
  t.strictSame(json(done), { stopped: true, pid: null, url: hub.url })
})

t.test('reset signals nobody and deletes nothing', async (t) => {
  const { place, bystander } = await forge(t)
  writeFileSync(place.path('arc.sqlite3'), 'SQLite format 3\0')
  const done = await place.arc(['reset'])
  t.ok(await bystander.isUnharmed(), 'the bystander lives')
  t.match(done.stderr, /nobody was signalled/)
  t.equal(done.status, 1)
  t.ok(existsSync(place.path('arc.sqlite3')))
})

t.test('reset --port does not delete the file that a hub of nobody knows whom names', async (t) => {
  const { place, hub } = await forge(t, 'precious.sqlite3')
  writeFileSync(place.path('.arc.pid'), '')
  writeFileSync(place.path('precious.sqlite3'), 'SQLite format 3\0')
  const done = await place.arc(['reset', '--port', `${hub.port}`])
  t.match(done.stderr, /says that its database is .*precious.sqlite3.*nothing was stopped or deleted/)
  t.equal(done.status, 1)
  t.ok(existsSync(place.path('precious.sqlite3')))
  t.notOk(hub.asked.includes('POST /v1/shutdown'))
})

t.test('reset does not delete what is no database, such as a file whose name was mistyped', async (t) => {
  const place = new Place(t)
  writeFileSync(place.path('notes.txt'), 'precious')
  place.below('src')
  for (const name of ['notes.txt', 'src']) {
    const done = await place.arc(['reset', '--storage', name])
    t.match(done.stderr, `arc error: ${place.path(name)} is not an SQLite database, nothing was deleted`)
    t.equal(done.status, 1)
    t.ok(existsSync(place.path(name)))
  }
})

t.test('ensure harms nobody either', async (t) => {
  const { place, bystander } = await forge(t)
  await place.arc(['ensure', '--port', '0', '--storage', 'other.sqlite3'])
  t.ok(await bystander.isUnharmed(), 'the bystander lives')
})

t.test(
  'a hub whose start does not fit its pid file, as after the clock was set, is asked to stop',
  async (t) => {
    const place = new Place(t)
    const lies = {
      started_at: '2020-01-01T00:00:00.000Z',
      instance_id: 'mh1-0',
      storage_path: place.path('x'),
    }
    const { pid, port, url } = await startFalseHubProcess(t, lies)
    writePidFile(place.path('.arc.pid'), { pid, port, url, ...lies })
    const done = await place.arc(['stop'])
    t.match(
      done.stderr,
      /does not fit the start of the hub, 2020-.*, so the hub at .* is asked over HTTP to stop/,
    )
    t.strictSame(json(done), { stopped: true, pid, url })
    t.notOk(isAlive(pid))
  },
)
