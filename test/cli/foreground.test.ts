// The hub in the foreground: log lines for people on standard error, nothing on standard output, and an exit
// in good order on SIGTERM and SIGINT: parked polls answered, database checkpointed, pid file removed.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import SqliteDatabase from 'better-sqlite3'
import t from 'tap'
import { call, json, Place, type Running, statusOf } from '../support/arc-process.js'
import { steadyPort } from '../support/ports.js'
import { until } from '../support/waiting.js'

t.jobs = 2

const NEEDS_PROC = { skip: existsSync('/proc/self') ? false : 'needs /proc' }

/** Starts `arc …` and waits until its pid file tells where it listens. */
async function hubIn(place: Place, args: readonly string[] = []): Promise<{ hub: Running; url: string }> {
  const hub = place.start(['--port', '0', ...args])
  await until('the pid file', () => {
    if (hub.child.exitCode !== null) throw new Error(hub.stderr)
    return existsSync(place.room('.arc.pid'))
  })
  return { hub, url: place.pidFile().url }
}

/** Whether the process has a handler for the signal. */
function catches(pid: number, signal: number): boolean {
  const [, caught = '0'] = /^SigCgt:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return ((BigInt(`0x${caught}`) >> BigInt(signal - 1)) & 1n) === 1n
}

const walBytes = (place: Place) =>
  statSync(place.room('arc.sqlite3-wal'), { throwIfNoEntry: false })?.size ?? 0

t.test('it prints log lines for people on standard error, and nothing on standard output', async (t) => {
  const { hub, url } = await hubIn(new Place(t))
  hub.child.kill()
  const { stdout, stderr } = await hub.finished
  t.equal(stdout, '')
  t.match(stderr, new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{3} INFO +hub +listening on ${url}$`, 'm'))
  for (const line of stderr.trimEnd().split('\n')) t.match(line, /^[0-9:.]{12} [A-Z]+ +[a-z]+ +\S/)
})

t.test('arc serve is the same hub, and takes the same options', async (t) => {
  const place = new Place(t)
  const hub = place.start(['serve', '--port', '0'])
  await until('the pid file', () => existsSync(place.room('.arc.pid')))
  t.equal(place.pidFile().pid, hub.pid)
  hub.child.kill()
  t.match(await hub.finished, { status: 0, stdout: '' })
  t.match((await place.arc(['serve', '--help'])).stdout, /^arc serve: run the hub in the foreground\n/)
  t.match(
    (await place.arc(['serve', '--base-url', 'http://127.0.0.1:1'])).stderr,
    'unknown option --base-url',
  )
})

t.test('--quiet prints nothing', async (t) => {
  const { hub } = await hubIn(new Place(t), ['--quiet'])
  hub.child.kill()
  t.match(await hub.finished, { status: 0, stdout: '', stderr: '' })
})

t.test('its pid file names its own process', async (t) => {
  const place = new Place(t)
  const { hub, url } = await hubIn(place)
  t.equal(place.pidFile().pid, hub.pid)
  t.equal((await statusOf(url)).pid, hub.pid)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} answers a parked poll with [] at once and ends the hub with status 0`, async (t) => {
    const { hub, url } = await hubIn(new Place(t))
    const poll = call(url, '/v1/events?agent_id=waiting&timeout=60')
    await until('the poll to wait', async () => (await statusOf(url)).waiting_polls > 0)
    const signalledAt = performance.now()
    hub.child.kill(signal)
    t.strictSame(await poll, [])
    t.ok(performance.now() - signalledAt < 2_000, 'at once')
    t.match(await hub.finished, { status: 0 })
    t.ok(performance.now() - signalledAt < 5_000, 'and the hub ends soon')
  })

  t.test(`${signal} leaves no pid file and a database whose log is written back`, async (t) => {
    const place = new Place(t)
    const { hub, url } = await hubIn(place)
    await call(url, '/v1/messages', { from_agent: 'a', body: 'to be kept' })
    t.ok(walBytes(place) > 0, 'the log held something')
    hub.child.kill(signal)
    await hub.finished
    t.equal(walBytes(place), 0)
    t.notOk(existsSync(place.room('.arc.pid')))
  })
}

t.test(
  'SIGTERM while it is still starting ends it with status 0, and it leaves nothing behind',
  NEEDS_PROC,
  async (t) => {
    const place = new Place(t)
    const other = new SqliteDatabase(place.room('arc.sqlite3'))
    t.teardown(() => other.close())
    other.exec('BEGIN EXCLUSIVE') // its storage waits for this to end
    const hub = place.start(['--port', '0'])
    // Node itself has handlers for the other two.
    await until('it to hear signals', () => catches(hub.pid, constants.signals.SIGHUP))
    hub.child.kill('SIGTERM')
    t.match(await hub.finished, { status: 0, stderr: '' })
    t.notOk(existsSync(place.room('.arc.pid')))
  },
)

t.test('a second signal while it stops does not cut the stop short', async (t) => {
  const place = new Place(t)
  const { hub, url } = await hubIn(place)
  await call(url, '/v1/messages', { from_agent: 'a', body: 'to be kept' })
  hub.child.kill('SIGINT')
  hub.child.kill('SIGTERM')
  t.match(await hub.finished, { status: 0 })
  t.equal(walBytes(place), 0)
})

t.test('ensure finds it, and stop stops it', async (t) => {
  const place = new Place(t)
  const { hub, url } = await hubIn(place)
  t.strictSame(json(await place.arc(['ensure'])), { running: true, started: false, url })
  t.strictSame(json(await place.arc(['stop'])), { stopped: true, pid: hub.pid, url })
  t.match(await hub.finished, { status: 0 })
})

t.test(
  'a second hub on the same storage says whose the pid file is and how it is stopped itself',
  async (t) => {
    const place = new Place(t)
    const { hub: first, url } = await hubIn(place)
    const port = await steadyPort()
    const second = place.start(['--port', `${port}`])
    await until('the second hub to say so', () => second.stderr.includes('arc stop --port'))
    t.match(
      second.stderr,
      `${place.room('.arc.pid')} belongs to the hub at ${url}; stop this one with: arc stop --port ${port}`,
    )
    second.child.kill()
    t.match(await second.finished, { status: 0 })
    t.equal(place.pidFile().pid, first.pid, 'it has left the pid file alone')
  },
)

t.test('a hub that was killed is followed by another one in the same folder', async (t) => {
  const place = new Place(t)
  const { hub: killed, url } = await hubIn(place)
  const message = await call(url, '/v1/messages', { from_agent: 'a', body: 'to be kept' })
  killed.child.kill('SIGKILL')
  await killed.finished
  const next = await place.ensure()
  t.equal(place.pidFile().pid, next.pid)
  t.strictSame(await call(next.url, '/v1/messages?channel=general'), [message])
})
