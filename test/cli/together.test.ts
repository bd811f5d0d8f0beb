// Many commands at once. Ten `arc ensure` for one address leave one hub; ten for ten addresses on one
// storage file leave ten hubs, none of which fails because another has the database locked.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import { call, isAlive, json, Place, statusOf } from '../support/arc-process.js'
import { steadyPort } from '../support/ports.js'
import { until } from '../support/waiting.js'

const TEN = Array.from({ length: 10 }, (_, i) => i)
/** For slow machines: ten hubs start at once. */
const PATIENCE = ['--timeout', '40']

interface Ensured {
  running: boolean
  started: boolean
  url: string
}

t.test('ten ensure at once leave one hub, and all of them say that it runs', async (t) => {
  const place = new Place(t)
  const port = await steadyPort()
  const runs = await Promise.all(TEN.map(() => place.arc(['ensure', '--port', `${port}`, ...PATIENCE])))
  const url = `http://127.0.0.1:${port}`
  const printed = runs.map((run) => json<Ensured>(run))
  t.strictSame(
    printed.map(({ started: _, ...rest }) => rest),
    TEN.map(() => ({ running: true, url })),
  )
  t.ok(runs.every(({ status }) => status === 0))
  t.equal(printed.filter(({ started }) => started).length, 1, 'one of them has started it')
  const { pid } = await statusOf(url)
  t.strictSame(place.processes(), [pid], 'one process lives')
  t.equal(place.pidFile().pid, pid)
  const pidFiles = readdirSync(place.room()).filter((name) => name.startsWith('.arc.pid'))
  t.strictSame(pidFiles, ['.arc.pid'], 'one pid file, and no temporary one')
})

t.test('ten ensure at any free port leave one hub, also beside the pid file of a dead one', async (t) => {
  const place = new Place(t)
  for (const when of ['at first', 'after a kill']) {
    const runs = await Promise.all(TEN.map(() => place.arc(['ensure', '--port', '0', ...PATIENCE])))
    const printed = runs.map((run) => json<Ensured>(run))
    t.equal(new Set(printed.map(({ url }) => url)).size, 1, `one URL, ${when}`)
    t.equal(printed.filter(({ started }) => started).length, 1, 'one of them has started it')
    const { pid } = place.pidFile()
    t.strictSame(place.processes(), [pid], 'one process lives')
    process.kill(pid, 'SIGKILL')
    await until('its end', () => !isAlive(pid))
  }
})

t.test('a hub whose ensure is killed runs on, and is found', async (t) => {
  const place = new Place(t)
  const ensure = place.start(['ensure', '--port', '0'])
  await until('the hub to listen', () => existsSync(place.room('.arc.log')) && place.processes().length > 1)
  ensure.child.kill('SIGKILL')
  const status = () => place.arc(['status', '--json']).then((run) => json<{ running: boolean }>(run))
  await until('it to answer', async () => (await status()).running)
  t.notMatch(readFileSync(place.room('.arc.log'), 'utf8'), /Error/)
})

t.test('ensure prints JSON or text as it is told, and starts a hub all the same', async (t) => {
  for (const [flag, pattern] of [
    ['--json', /^\{"running":true,"started":true,/],
    ['--no-json', /^running +(true|yes)/m],
  ] as const) {
    const run = await new Place(t).arc(['ensure', '--port', '0', flag])
    t.equal(run.status, 0)
    t.match(run.stdout, pattern)
  }
})

t.test('ten hubs start at once on one storage file, share it, and are all stopped at once', async (t) => {
  const place = new Place(t)
  const ports = await Promise.all(TEN.map(steadyPort))

  const runs = await Promise.all(ports.map((port) => place.arc(['ensure', '--port', `${port}`, ...PATIENCE])))
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  t.strictSame(
    runs.map((run) => json(run)),
    urls.map((url) => ({ running: true, started: true, url })),
  )
  const statuses = await Promise.all(urls.map(statusOf))
  const pids = statuses.map(({ pid }) => pid)
  t.strictSame(place.processes().sort(), [...pids].sort(), 'ten processes live')
  t.equal(new Set(statuses.map(({ instance_id }) => instance_id)).size, 1, 'they are one instance')
  t.ok(pids.includes(place.pidFile().pid))
  t.notMatch(readFileSync(place.room('.arc.log'), 'utf8'), /is locked|SQLITE_|"level":"(warn|error)"/)

  await Promise.all(urls.map((url, i) => call(url, '/v1/messages', { from_agent: 'a', body: `from ${i}` })))
  const read = await call<Message[]>(urls[0] ?? '', '/v1/messages?channel=general')
  t.strictSame(
    read.map(({ body }) => body).sort(),
    TEN.map((i) => `from ${i}`),
  )

  const stops = await Promise.all(ports.map((port) => place.arc(['stop', '--port', `${port}`])))
  t.strictSame(
    stops.map((run) => json(run)),
    urls.map((url, i) => ({ stopped: true, pid: pids[i], url })),
  )
  t.notOk(pids.some(isAlive))

  // Of those that close the database in the same instant each may take another for the last one.
  await place.ensure()
  t.match(json(await place.arc(['stop'])), { stopped: true })
  t.strictSame(
    readdirSync(place.room()).sort(),
    ['.arc.log', '.gitignore', 'arc.sqlite3'],
    'one that is alone puts the database in order, and no pid file is left',
  )
})
