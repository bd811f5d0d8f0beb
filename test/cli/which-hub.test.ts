// Which hub a command means (PROTOCOL §11): the pid files from the working folder upward, then from the
// storage's folder upward. What is said explicitly has to fit: a hub that a pid file higher up names does not
// stand in for another one, and is not stopped in another one's place.

import { existsSync, symlinkSync } from 'node:fs'
import t from 'tap'
import { isAlive, json, Place } from '../support/arc-process.js'
import { steadyPort } from '../support/ports.js'

t.jobs = 2

t.test(
  'ensure --port is not satisfied by the hub of another port that a pid file higher up names',
  async (t) => {
    const place = new Place(t)
    const parent = await place.ensure()
    const port = await steadyPort()
    const done = await place.arc(['ensure', '--port', `${port}`], { cwd: place.below('project') })
    t.strictSame(json(done), { running: true, started: true, url: `http://127.0.0.1:${port}` })
    t.equal(place.processes().length, 2)
    t.equal(place.pidFile().pid, parent.pid)
    t.equal(place.pidFile(place.path('project')).port, port)
  },
)

t.test('stop --port of nobody does not stop the hub that a pid file higher up names', async (t) => {
  const place = new Place(t)
  const parent = await place.ensure()
  const port = await steadyPort()
  const done = await place.arc(['stop', '--port', `${port}`], { cwd: place.below('project') })
  t.match(json(done), { stopped: false, error: `no running hub found at http://127.0.0.1:${port}` })
  t.equal(done.status, 1)
  t.ok(isAlive(parent.pid))
  t.ok(existsSync(place.room('.arc.pid')))
})

t.test('stop --port stops the hub of that port and leaves the one higher up alone', async (t) => {
  const place = new Place(t)
  const parent = await place.ensure()
  const cwd = place.below('project')
  const child = await place.ensure(['--port', '0'], { cwd })
  const done = await place.arc(['stop', '--port', `${child.port}`], { cwd })
  t.strictSame(json(done), { stopped: true, pid: child.pid, url: child.url })
  t.strictSame(place.processes(), [parent.pid])
})

t.test('stop --port from the folder of one hub stops the hub of another folder', async (t) => {
  const place = new Place(t)
  const here = await place.ensure()
  const there = await place.ensure(['--port', '0'], { cwd: place.below('elsewhere') })
  const done = await place.arc(['stop', '--port', `${there.port}`])
  t.strictSame(json(done), { stopped: true, pid: there.pid, url: there.url })
  t.strictSame(place.processes(), [here.pid])
  t.notOk(existsSync(place.path('elsewhere', '.arc', '.arc.pid')))
})

t.test('without --port the pid file higher up is found: by ensure, status, post and stop', async (t) => {
  const place = new Place(t)
  const { url, pid } = await place.ensure()
  const deep = { cwd: place.below('a', 'b', 'c') }
  t.strictSame(json(await place.arc(['ensure'], deep)), { running: true, started: false, url })
  t.match(json(await place.arc(['status'], deep)), { url, pid, pid_file: place.room('.arc.pid') })
  t.match(json(await place.arc(['post', '--agent', 'a', 'from below'], deep)), { body: 'from below' })
  t.strictSame(json(await place.arc(['stop'], deep)), { stopped: true, pid, url })
  t.notOk(isAlive(pid))
})

t.test('the nearest pid file goes before the one higher up', async (t) => {
  const place = new Place(t)
  const parent = await place.ensure()
  const cwd = place.below('project')
  const child = await place.ensure(['--port', '0'], { cwd })
  t.match(json(await place.arc(['status'], { cwd })), { pid: child.pid })
  t.strictSame(json(await place.arc(['stop'], { cwd })), { stopped: true, pid: child.pid, url: child.url })
  t.ok(isAlive(parent.pid))
})

t.test('stop --port stops a second hub on the same storage, which has no pid file of its own', async (t) => {
  const place = new Place(t)
  const first = await place.ensure()
  const second = await place.ensure(['--port', `${await steadyPort()}`])
  t.equal(place.pidFile().pid, first.pid)
  const done = await place.arc(['stop', '--port', `${second.port}`])
  t.strictSame(json(done), { stopped: true, pid: second.pid, url: second.url })
  t.strictSame(place.processes(), [first.pid])
  t.equal(place.pidFile().pid, first.pid)
})

t.test('a hub is found from anywhere by its storage', async (t) => {
  const place = new Place(t)
  const storage = place.path('project', 'room.sqlite3')
  const { url, pid } = await place.ensure(['--port', '0', '--storage', storage])
  t.equal(place.pidFile(place.path('project')).pid, pid, 'the pid file is beside the storage')
  const cwd = place.below('elsewhere')
  t.match(json(await place.arc(['ensure', '--storage', storage], { cwd })), { started: false, url })
  t.match(json(await place.arc(['status', '--storage', storage], { cwd })), { pid })
  t.match(json(await place.arc(['stop', '--storage', storage], { cwd })), { stopped: true, pid })
})

t.test('a hub is found by its storage also through a symbolic link', async (t) => {
  const place = new Place(t)
  place.below('real')
  symlinkSync('real', place.path('link'))
  const storage = place.path('link', 'room.sqlite3')
  const { url, port, pid } = await place.ensure(['--port', '0', '--storage', storage])
  for (const options of [
    ['--storage', storage],
    ['--storage', storage, '--port', `${port}`],
  ]) {
    t.strictSame(json(await place.arc(['ensure', ...options])), { running: true, started: false, url })
  }
  t.strictSame(json(await place.arc(['stop', '--storage', storage])), { stopped: true, pid, url })
})

t.test(
  'a database file that is a symbolic link has its pid file and log beside the file itself',
  async (t) => {
    const place = new Place(t)
    place.below('real')
    symlinkSync(place.path('real', 'room.sqlite3'), place.path('arc.sqlite3'))
    const { pid } = await place.ensure()
    t.equal(place.pidFile(place.path('real')).pid, pid)
    t.match(json(await place.arc(['stop'])), { stopped: true, pid })
  },
)

t.test('stop --storage does not stop the hub of another storage that a pid file names', async (t) => {
  const place = new Place(t)
  const { pid } = await place.ensure()
  const done = await place.arc(['stop', '--storage', 'other.sqlite3'])
  t.match(json(done), { stopped: false, error: /no running hub found/ })
  t.ok(isAlive(pid))
})

t.test('ensure --storage on the port of a hub that serves another storage says so and exits 1', async (t) => {
  const place = new Place(t)
  const { port, url } = await place.ensure()
  const options = ['--storage', 'other/arc.sqlite3', '--port', `${port}`]
  const done = await place.arc(['ensure', ...options])
  const error = `the hub at ${url} serves another storage, ${place.room('arc.sqlite3')}; choose another port with --port`
  t.strictSame(json(done), { running: false, started: false, url, error })
  t.equal(done.status, 1)
  t.equal(place.processes().length, 1)
})
