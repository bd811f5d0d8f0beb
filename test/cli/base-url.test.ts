// Which hub a client command talks to (PROTOCOL §12): --base-url, else ARC_BASE_URL, else the nearest
// .arc.pid, else port 6969 of this machine. Each hub here is told from the others by an agent that is in it.

import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import type { Bootstrap } from '../../src/protocol/objects.js'
import { call, json, Place, type RunOptions } from '../support/arc-process.js'
import { startTestHub } from '../support/hub.js'
import { steadyPort } from '../support/ports.js'

const AT_ONCE_MS = 1_000
const place = new Place(t)
const project = place.below('project')

async function hubWith(t: Test, resident: string): Promise<string> {
  const { url } = await startTestHub(t, { storagePath: place.path(`${resident}.sqlite3`) })
  await call(url, '/v1/sessions', { agent_id: resident })
  return url
}

const said = await hubWith(t, 'said')
const environment = await hubWith(t, 'environment')
const nearest = await hubWith(t, 'nearest')
const higherUp = await hubWith(t, 'higher-up')
const pidFile = (url: string) => JSON.stringify({ pid: process.pid, port: Number(new URL(url).port), url })
writeFileSync(place.path('.arc.pid'), pidFile(higherUp))
writeFileSync(place.path('project', '.arc.pid'), pidFile(nearest))

/** Who else is in the hub that `arc whoami` reached. */
async function residentMet(args: readonly string[], options: RunOptions): Promise<string[]> {
  const { live_agents } = json<Bootstrap>(await place.arc(['whoami', '--agent', 'me', ...args], options))
  return live_agents.map((session) => session.agent_id).filter((agent) => agent !== 'me')
}

t.test('--base-url goes before ARC_BASE_URL and the pid file', async (t) => {
  const options = { cwd: project, env: { ARC_BASE_URL: environment } }
  t.strictSame(await residentMet(['--base-url', said], options), ['said'])
})

t.test('ARC_BASE_URL goes before the pid file', async (t) => {
  t.strictSame(await residentMet([], { cwd: project, env: { ARC_BASE_URL: environment } }), ['environment'])
})

t.test('an empty ARC_BASE_URL counts as none', async (t) => {
  t.strictSame(await residentMet([], { cwd: project, env: { ARC_BASE_URL: '' } }), ['nearest'])
})

t.test('the nearest pid file goes before one higher up', async (t) => {
  t.strictSame(await residentMet([], { cwd: project }), ['nearest'])
})

t.test('a pid file higher up is found where there is none below', async (t) => {
  t.strictSame(await residentMet([], { cwd: place.below('other', 'deep') }), ['higher-up'])
})

const isTaken = (await someoneListensOn(6969)) && 'something listens on port 6969 of this machine'

t.test('with nothing said and no pid file it is port 6969', { skip: isTaken }, async (t) => {
  const done = await new Place(t).arc(['whoami', '--agent', 'me'])
  t.match(done.stderr, 'no hub answers at http://127.0.0.1:6969')
})

for (const command of [['whoami'], ['poll'], ['post', 'hi']]) {
  t.test(`${command[0]} says "connection refused" at once and exits 1 when no hub is there`, async (t) => {
    const url = `http://127.0.0.1:${await steadyPort()}`
    const args = [...command, '--agent', 'me', '--base-url', url]
    const done = await place.arc(args)
    t.equal(done.status, 1)
    t.equal(done.stdout, '')
    t.match(done.stderr, /^arc error: .*connection refused.*\n$/)
    t.match(done.stderr, url)
    // The best of three: it is waiting that is looked for, not a machine that has much to do.
    const others = done.elapsedMs < AT_ONCE_MS ? [] : [await place.arc(args), await place.arc(args)]
    const bestMs = Math.min(...[done, ...others].map((run) => run.elapsedMs))
    t.ok(bestMs < AT_ONCE_MS, `${Math.round(bestMs)} ms`)
  })
}

t.test('a pid file that outlived its hub leads to "connection refused", not to another hub', async (t) => {
  const cwd = place.below('project', 'stale')
  const url = `http://127.0.0.1:${await steadyPort()}`
  writeFileSync(place.path('project', 'stale', '.arc.pid'), pidFile(url))
  const done = await place.arc(['whoami', '--agent', 'me'], { cwd })
  t.match(done.stderr, 'connection refused')
  t.match(done.stderr, url)
  t.equal(done.status, 1)
})

function someoneListensOn(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
