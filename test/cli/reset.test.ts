// `arc reset` stops the hub and deletes its database files, so that the next hub is another instance. It
// deletes nothing under a hub that still runs, whoever that hub was found by.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Channel } from '../../src/protocol/objects.js'
import { call, type Finished, isAlive, json, Place } from '../support/arc-process.js'
import { steadyPort } from '../support/ports.js'
import { until } from '../support/waiting.js'

t.jobs = 2

interface Reset {
  reset: boolean
  removed: string[]
}

const databaseFiles = (place: Place) =>
  readdirSync(place.room()).filter((name) => name.startsWith('arc.sqlite3'))

const say = (url: string, body: string) => call(url, '/v1/messages', { from_agent: 'a', body })

async function refusesToDelete(
  t: Test,
  place: Place,
  args: readonly string[],
  reason: RegExp,
): Promise<void> {
  const before = databaseFiles(place)
  const done = await place.arc(['reset', ...args])
  t.equal(done.status, 1)
  t.equal(done.stdout, '')
  t.match(done.stderr, reason)
  t.ok(before.includes('arc.sqlite3'))
  t.ok(databaseFiles(place).includes('arc.sqlite3'), 'the database is still there')
}

t.test('reset stops the hub and lists the files that it deleted', async (t) => {
  const place = new Place(t)
  const { pid, url } = await place.ensure()
  await say(url, 'to be forgotten')
  const done = await place.arc(['reset'])
  t.notOk(isAlive(pid))
  t.strictSame(json(done), { reset: true, removed: [place.room('arc.sqlite3')] })
  t.equal(done.status, 0)
  t.equal(done.stderr, '')
  t.strictSame(databaseFiles(place), [])
})

t.test('reset with nothing there notes it and exits 0', async (t) => {
  const place = new Place(t)
  const done = await place.arc(['reset'])
  const note = `${place.room('arc.sqlite3')} does not exist; nothing to delete`
  t.strictSame(json(done), { reset: true, note })
  t.equal(done.status, 0)
})

t.test('after a reset the hub is another instance, after a mere stop it is the same', async (t) => {
  const place = new Place(t)
  const first = await place.ensure()
  await place.arc(['stop'])
  const second = await place.ensure()
  t.equal(second.instanceId, first.instanceId)
  // The id is made from the second in which the storage was founded (PROTOCOL §8): let that one pass.
  const [general] = await call<Channel[]>(second.url, '/v1/channels')
  await until('another second to begin', () => Date.now() - Date.parse(general?.created_at ?? '') >= 1_000)
  await place.arc(['reset'])
  const third = await place.ensure()
  t.not(third.instanceId, first.instanceId)
})

t.test('reset --storage deletes that file and leaves the hub of another one alone', async (t) => {
  const place = new Place(t)
  const { pid } = await place.ensure()
  const other = await place.ensure(['--port', '0', '--storage', 'other/arc.sqlite3'])
  t.strictSame(json(await place.arc(['reset', '--storage', 'other/arc.sqlite3'])), {
    reset: true,
    removed: [place.path('other', 'arc.sqlite3')],
  })
  t.notOk(isAlive(other.pid))
  t.ok(isAlive(pid))
  t.ok(existsSync(place.room('arc.sqlite3')))
})

t.test('reset clears away what a hub that was killed has left', async (t) => {
  const place = new Place(t)
  const { pid, url } = await place.ensure()
  await say(url, 'lost')
  process.kill(pid, 'SIGKILL')
  await until('the hub to be gone', () => !isAlive(pid))
  const { removed } = json<Reset>(await place.arc(['reset']))
  t.strictSame(
    removed,
    ['arc.sqlite3', 'arc.sqlite3-wal', 'arc.sqlite3-shm'].map((name) => place.room(name)),
  )
  t.strictSame(databaseFiles(place), [])
  t.notOk(existsSync(place.room('.arc.pid')))
})

t.test('reset --port of nobody deletes nothing under the hub of another port', async (t) => {
  const place = new Place(t)
  const { pid, url } = await place.ensure()
  await refusesToDelete(t, place, ['--port', `${await steadyPort()}`], new RegExp(`hub at ${url} still uses`))
  t.ok(isAlive(pid))
})

t.test(
  'reset deletes nothing while a second hub has the file open, and does once that one is stopped',
  async (t) => {
    const place = new Place(t)
    await place.ensure()
    const second = await place.ensure(['--port', `${await steadyPort()}`])
    await refusesToDelete(t, place, [], /another hub still uses/)
    t.ok(isAlive(second.pid))
    t.equal((await place.arc(['stop', '--port', `${second.port}`])).status, 0)
    t.strictSame(json<Reset>(await place.arc(['reset'])).removed, [place.room('arc.sqlite3')])
  },
)

t.test(
  'reset deletes nothing while the pid file names a process that is not proven to be the hub',
  async (t) => {
    const place = new Place(t)
    await place.ensure()
    await place.arc(['stop'])
    const stranger = place.stranger()
    const port = await steadyPort()
    const url = `http://127.0.0.1:${port}`
    writeFileSync(place.room('.arc.pid'), JSON.stringify({ pid: stranger.pid, port, url }))
    await refusesToDelete(t, place, [], /nobody was signalled/)
    t.ok(await stranger.isUnharmed())
  },
)

/** The words before a command that is to run at a terminal. Its output there is all in one. */
const AT_TERMINAL = ['sh', '-c', `exec script -qec "'$0' '$1' $2 $3" /dev/null`]
const needsScript = spawnSync('script', ['--version']).error ? 'needs script, to have a terminal' : false

/** Answers the question, and returns all that the terminal shows in the end. */
async function answering(place: Place, answer: string, ...args: string[]): Promise<Finished> {
  const reset = place.start(['reset', ...args], { prefix: AT_TERMINAL })
  await until('the question', () => reset.stdout.includes('[y/N]'))
  reset.child.stdin?.write(answer)
  return reset.finished
}

t.test('at a terminal, reset asks before it stops or deletes anything', { skip: needsScript }, async (t) => {
  const place = new Place(t)
  const { pid, url } = await place.ensure()
  const question = `Stop the hub at ${url}, and delete ${place.room('arc.sqlite3')} with all that was said? [y/N]`
  for (const no of ['n\n', '\n', 'yellow\n', '\x04']) {
    const { status, stdout } = await answering(place, no)
    t.match(stdout, question)
    t.match(stdout, 'nothing was stopped or deleted')
    t.equal(status, 1)
  }
  t.ok(isAlive(pid))
  const { status, stdout } = await answering(place, 'y\n')
  t.match(stdout, /reset +true\r\nremoved +/)
  t.equal(status, 0)
  t.notOk(isAlive(pid))
  t.strictSame(databaseFiles(place), [])
})

t.test(
  'at a terminal, reset --yes asks nothing, and neither does reset with nothing there',
  { skip: needsScript },
  async (t) => {
    const place = new Place(t)
    const atTerminal = (...args: string[]) => place.arc(['reset', ...args], { prefix: AT_TERMINAL })
    t.match((await atTerminal()).stdout, /^reset +true\r\nnote +/)
    await place.ensure()
    await place.arc(['stop'])
    t.match((await atTerminal('--yes')).stdout, /^reset +true\r\nremoved +/)
  },
)
