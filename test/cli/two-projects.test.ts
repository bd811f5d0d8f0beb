// Two projects, and one default port: `arc ensure` in the second one says whose hub it found, and how to have one of its own
// or to share on purpose. Runs in a network of its own, since any program may have the default port of this machine.

import { existsSync, rmSync } from 'node:fs'
import t, { type Test } from 'tap'
import { type Finished, isAlive, json, Place } from '../support/arc-process.js'
import { needsOwnNetwork, ownNetwork } from '../support/no-network.js'
import { steadyPort } from '../support/ports.js'

const skip = needsOwnNetwork
const DEFAULT_URL = 'http://127.0.0.1:6969'

interface Ensured {
  running: boolean
  started: boolean
  url: string
  error?: string
}

type Run = (project: 'a' | 'b', args: readonly string[], env?: Record<string, string>) => Promise<Finished>

/** Runs commands in two projects on a network of their own, in which the first has started its hub. */
async function twoProjects(t: Test): Promise<{ place: Place; run: Run }> {
  const prefix = await ownNetwork(t)
  const place = new Place(t)
  const run: Run = (project, args, env = {}) => place.arc(args, { cwd: place.below(project), prefix, env })
  const ensured = await run('a', ['ensure'])
  t.strictSame(json(ensured), { running: true, started: true, url: DEFAULT_URL })
  t.equal(ensured.stderr, '')
  return { place, run }
}

t.test("a project whose hub is stopped does not speak in another project's room", { skip }, async (t) => {
  const { run } = await twoProjects(t)
  const { url } = json<Ensured>(await run('b', ['ensure', '--port', '0']))
  await run('b', ['stop'])
  const lines = [
    'post --agent me leak',
    'poll --agent me',
    'lock --agent me x',
    'agents',
    'run --agent me --lock x -- true',
  ]
  for (const line of [...lines, 'whoami --agent me', 'open --print', 'status', 'doctor codex', 'smoke']) {
    const done = await run('b', line.split(' '))
    t.equal(done.status, 1, line)
    t.match(
      done.stdout + done.stderr,
      /no hub (is running|runs for the room of this project, .*b\/\.arc)/,
      line,
    )
  }
  t.strictSame((await run('a', ['tail'])).stdout, '')
  t.match(await run('b', ['post', '--agent', 'me', '--port', '6969', 'on purpose']), { status: 0 })
  t.match(json(await run('b', ['ensure'])), { running: true, started: true })
  t.not(url, DEFAULT_URL)
})

t.test('a project within another one does not take the hub of that one for its own', async (t) => {
  const outer = new Place(t)
  const cwd = outer.below('inner')
  const { url } = await outer.ensure(['--port', '0'])
  t.equal((await outer.arc(['agents'], { cwd })).status, 0, 'below it, its hub is found')
  await outer.arc(['ensure', '--port', '0'], { cwd })
  await outer.arc(['stop'], { cwd })
  for (const line of ['post --agent me leak', 'agents', 'stop', 'status']) {
    const done = await outer.arc(line.split(' '), { cwd })
    t.equal(done.status, 1, line)
  }
  t.match(json(await outer.arc(['status'])), { running: true, url })
  t.strictSame((await outer.arc(['tail'])).stdout, '')
  t.match(json(await outer.arc(['ensure', '--port', '0'], { cwd })), { started: true })
})

t.test('below a project whose hub is stopped no other hub is meant', { skip }, async (t) => {
  const { place, run } = await twoProjects(t)
  await run('b', ['ensure', '--port', '0'])
  await run('b', ['stop'])
  place.below('b', 'sub')
  const sub = 'b/sub' as 'b'
  for (const line of ['post --agent me leak', 'agents', 'status'])
    t.match((await run(sub, line.split(' '))).status, 1, line)
  t.strictSame((await run('a', ['tail'])).stdout, '')
  const made = await run(sub, ['ensure', '--port', '0'])
  t.match(made.stderr, /this is a new room; to go on with the one in .*\/b, run arc ensure there/)
})

t.test('in a sandbox without the network of its hub, ensure starts no second one', { skip }, async (t) => {
  const place = new Place(t)
  const { url, pid } = await place.ensure(['--port', '0'])
  const prefix = await ownNetwork(t)
  for (const args of [['ensure'], ['ensure', '--port', '0']]) {
    const done = await place.arc(args, { prefix })
    t.equal(done.status, 1)
    t.match(json<Ensured>(done).error, `runs, as process ${pid}, and can't be reached from here at ${url}`)
  }
  t.strictSame(place.processes(), [pid])
})

t.test('a project without a room is told whose hub it shares, and the two ways on', { skip }, async (t) => {
  const { place, run } = await twoProjects(t)
  const storage_path = place.path('a', '.arc', 'arc.sqlite3')
  const done = await run('b', ['ensure'])
  t.equal(done.status, 0, 'a hub answers')
  t.strictSame(json(done), { running: true, started: false, url: DEFAULT_URL, storage_path })
  t.match(done.stderr, `the hub at ${DEFAULT_URL} is another project's: its room is ${storage_path}`)
  t.match(
    done.stderr,
    /own: {2}arc ensure --port 0\n.*purpose: {5}export ARC_BASE_URL=http:\/\/127\.0\.0\.1:6969\n$/,
  )
  t.notOk(existsSync(place.path('b', '.arc')), 'and nothing was made')
  t.match((await run('b', ['status'])).stderr, "is another project's")

  const shared = await run('b', ['ensure'], { ARC_BASE_URL: DEFAULT_URL })
  t.strictSame(json(shared), { running: true, started: false, url: DEFAULT_URL })
  t.equal(shared.stderr, '', 'who shares on purpose is told nothing')
  for (const named of [
    ['--base-url', DEFAULT_URL],
    ['--port', '6969'],
  ])
    t.equal((await run('b', ['ensure', ...named])).stderr, '')

  const own = json<Ensured>(await run('b', ['ensure', '--port', '0']))
  t.match(own, { running: true, started: true })
  const again = await run('b', ['ensure'])
  t.strictSame(json(again), { running: true, started: false, url: own.url })
  t.equal(again.stderr, '')
})

t.test(
  'a project with a room of its own gets its own hub, one for all who ask at once',
  { skip },
  async (t) => {
    const { place, run } = await twoProjects(t)
    await run('b', ['ensure', '--port', '0'])
    await run('b', ['post', '--agent', 'bob', 'of yesterday'])
    await run('b', ['stop'])
    const runs = await Promise.all([0, 1, 2, 3].map(() => run('b', ['ensure'])))
    const ensured = runs.map((done) => json<Ensured>(done))
    t.equal(ensured.filter(({ started }) => started).length, 1)
    const urls = new Set(ensured.map(({ url }) => url))
    t.equal(urls.size, 1)
    t.notOk(urls.has(DEFAULT_URL))
    for (const { stderr } of runs.filter(({ stderr }) => stderr !== ''))
      t.match(stderr, `${DEFAULT_URL} is the hub of another project, ${place.path('a')}; the hub of this one`)
    t.match((await run('b', ['poll', '--agent', 'eve', '--since-id', '0'])).stdout, 'of yesterday')
    await run('b', ['stop'])
    t.equal(json<Ensured>(await run('b', ['ensure'])).url, [...urls][0], 'the port is the same each time')
  },
)

t.test(
  'a hub without its pid file is this project’s by its storage: ensure is quiet, stop stops it',
  async (t) => {
    const { place, run } = (await twoProjects(t)) ?? {}
    if (!place || !run) return
    const { pid } = place.pidFile(place.path('a'))
    rmSync(place.path('a', '.arc', '.arc.pid'))
    const done = await run('a', ['ensure'])
    t.equal(done.stderr, '')
    t.match(json(await run('b', ['stop'])), { stopped: false, error: /no running hub found/ })
    t.ok(isAlive(pid), 'another project stops nothing')
    t.match(json(await run('a', ['stop'])), { stopped: true, pid })
  },
)

t.test(
  'reset under ARC_BASE_URL deletes nothing of another project, and a URL without a hub nothing at all',
  async (t) => {
    const place = new Place(t)
    const { url, pid } = await place.ensure(['--port', '0'], { cwd: place.below('a') })
    const cwd = place.below('b')
    const reset = await place.arc(['reset'], { cwd, env: { ARC_BASE_URL: url } })
    t.equal(reset.status, 1)
    t.match(
      reset.stderr,
      `ARC_BASE_URL names the hub at ${url}, whose database is ${place.path('a', '.arc', 'arc.sqlite3')}`,
    )
    t.match(reset.stderr, `arc reset --base-url ${url}`)
    t.ok(isAlive(pid))
    const nobody = ['--base-url', `http://127.0.0.1:${await steadyPort()}`]
    t.match((await place.arc(['reset', ...nobody], { cwd: place.path('a') })).stderr, 'no running hub found')
    t.ok(existsSync(place.path('a', '.arc', 'arc.sqlite3')))
    t.match(json(await place.arc(['reset', '--base-url', url], { cwd })), {
      removed: [place.path('a', '.arc', 'arc.sqlite3')],
    })
    t.notOk(isAlive(pid))
  },
)

t.test('ensure starts a hub at a URL of this machine, and says that it starts none elsewhere', async (t) => {
  const place = new Place(t)
  const url = `http://127.0.0.1:${await steadyPort()}`
  t.strictSame(json(await place.arc(['ensure', '--base-url', url])), { running: true, started: true, url })
  t.match(json(await place.arc(['stop'])), { stopped: true, url })
  t.match(json(await place.arc(['ensure'], { env: { ARC_BASE_URL: url } })), { started: true, url })
  const behind = `http://127.0.0.1:${await steadyPort()}/behind`
  for (const elsewhere of [behind, 'http://192.0.2.1:6969', 'https://127.0.0.1:1']) {
    const done = await place.arc(['ensure', '--base-url', elsewhere])
    t.match(json(done), {
      running: false,
      error: /arc ensure starts hubs on this machine only/,
      url: elsewhere,
    })
    t.equal(done.status, 1)
  }
})

t.test('every command that talks to a hub takes --port or --base-url, and refuses both', async (t) => {
  const place = new Place(t)
  const { url, port } = await place.ensure(['--port', '0'], { cwd: place.below('hub') })
  const cwd = place.below('elsewhere')
  const commands = [
    ['status'],
    ['open', '--print'],
    ['whoami', '--agent', 'me'],
    ['agents', '--agent', 'me'],
    ['post', '--agent', 'me', 'hi'],
    ['run', '--agent', 'me', '--lock', 'x', '--', 'true'],
    ['smoke', '--transports', 'http,http,http'],
  ]
  for (const [name = '', ...rest] of commands) {
    for (const hub of [
      ['--port', `${port}`],
      ['--base-url', url],
    ]) {
      const done = await place.arc([name, ...hub, ...rest], { cwd })
      t.equal(done.status, 0, `${name} ${hub[0]}: ${done.stderr}`)
    }
    const both = await place.arc([name, '--port', `${port}`, '--base-url', url, ...rest], { cwd })
    t.match(both.stderr, /^arc error: .*--base-url/)
    t.not(both.status, 0)
  }
})
