// `arc ensure --storage postgres://…`: a hub on a database server, which other hubs share. Its password is shown to nobody.

import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import { storageName, withoutPassword } from '../../src/storage-file.js'
import { call, json, Place, statusOf } from '../support/arc-process.js'
import { type OwnServer, postgresServer } from '../support/postgres.js'

const SECRET = 'hush/@:hush'
const noProc = existsSync('/proc/self/cmdline') ? false : 'no /proc here, which shows command lines'
const isGiven = process.env.ARC_TEST_POSTGRES ? 'the server is not of this test' : false
const server = await postgresServer(t)

t.test('a URL loses its password, and nothing else', async (t) => {
  const cases = [
    ['postgres://me:pw@h:1/r', 'postgres://me@h:1/r', 'pw'],
    ['postgres://me:p%40w@h1:1,h2:2/r?sslmode=require', 'postgres://me@h1:1,h2:2/r?sslmode=require', 'p@w'],
    ['postgresql://h/r?user=me&password=pw&sslpassword=x', 'postgresql://h/r?user=me', 'pw'],
    ['postgres:///r', 'postgres:///r', undefined],
    ['postgres://me@/r?host=/tmp', 'postgres://me@/r?host=/tmp', undefined],
  ] as const
  for (const [given, url, password] of cases) t.strictSame(withoutPassword(given), { url, password }, given)
})

t.test('a URL that can not be read is refused, and shown nowhere', async (t) => {
  const wrong = [
    'postgres://me:Top/Secret@127.0.0.1:1/r',
    'postgres://me:Top?Secret@127.0.0.1:1/r',
    'postgres://me:Top#Secret@127.0.0.1:1/r',
    'postgres://me:100%Secret@127.0.0.1:1/r',
    'postgres://me:TopSecret@127.0.0.1:xx/r',
    'postgres:/me:TopSecret@127.0.0.1:1/r',
    'postgres://me@127.0.0.1:1/r?Password=TopSecret',
    'mysql://me:TopSecret@127.0.0.1/r',
  ]
  for (const storage of wrong) {
    const place = new Place(t)
    const done = await place.arc(['ensure', '--port', '0', '--storage', storage])
    t.equal(done.status, 1, storage)
    t.match(done.stderr, /write postgres:\/\/user:password@|is the path of a file, or/, storage)
    t.notMatch(done.stdout + done.stderr, /Secret/, storage)
    t.strictSame(readdirSync(place.path()), [], storage)
  }
  const mistyped = 'postgres://me@127.0.0.1:1/r?ssl_mode=verify-full'
  t.match((await new Place(t).arc(['ensure', '--storage', mistyped])).stderr, /it knows no "ssl_mode"/)
})

t.test('hubs in two places share a room, and nothing shows the password', { skip: noProc }, async (t) => {
  const url = new URL(await server.room(t))
  url.password = encodeURIComponent(SECRET)
  const storage = url.href
  const places = [new Place(t), new Place(t)] as const
  const [a, b] = [
    await places[0].ensure(['--port', '0', '--storage', storage]),
    await places[1].ensure(['--port', '0', '--storage', storage]),
  ]
  t.equal(a.instanceId, b.instanceId, 'they are one room')
  t.not(a.pid, b.pid)
  t.match(json(await places[0].arc(['ensure', '--storage', storage])), { started: false, url: a.url })

  const since = await call<{ id: number }>(a.url, '/v1/messages', { from_agent: 'ann', body: 'before' })
  const poll = call<Message[]>(b.url, `/v1/events?agent_id=bob&since_id=${since.id}&timeout=20`)
  await call(a.url, '/v1/messages', { from_agent: 'ann', body: 'to all hubs' })
  t.match(await poll, [{ body: 'to all hubs' }])

  const shown = [JSON.stringify(await statusOf(a.url)), (await places[0].arc(['status'])).stdout]
  const files = readdirSync(places[0].room(), { encoding: 'utf8' })
  t.strictSame(files.filter((name) => /pid|log/.test(name)).length, 2, files.join())
  for (const name of files) shown.push(readFileSync(join(places[0].room(), name), 'utf8'))
  shown.push(readFileSync(`/proc/${a.pid}/cmdline`, 'utf8'))
  t.notOk(
    shown.some((text) => /hush/.test(text)),
    shown.join('\n'),
  )
  t.match(shown[0], storageName(storage))
  const reset = await places[0].arc(['reset', '--storage', storage])
  t.match(reset.stderr, /DROP SCHEMA arc CASCADE/)
  for (const place of places) t.match(json(await place.arc(['stop'])), { stopped: true })
})

t.test('only a hub that may connect to a server reads certificates', { skip: noProc }, async (t) => {
  const env = { NODE_EXTRA_CA_CERTS: '/etc/hosts' }
  const environmentOf = async (...args: string[]) => {
    const { pid } = await new Place(t).ensure(['--port', '0', ...args], { env })
    return readFileSync(`/proc/${pid}/environ`, 'utf8')
  }
  t.match(await environmentOf('--storage', await server.room(t)), 'NODE_EXTRA_CA_CERTS=/etc/hosts')
  t.notMatch(await environmentOf(), 'NODE_EXTRA_CA_CERTS')
})

t.test('a room remembers its server, until it is in a file again', async (t) => {
  const storage = await server.room(t)
  const place = new Place(t)
  execFileSync('git', ['init', '-q'], { cwd: place.folder })
  const first = await place.ensure(['--port', '0', '--storage', storage])
  await place.arc(['stop'])
  const cwd = place.below('src')
  const again = await place.ensure(['--port', '0'], { cwd })
  t.equal(again.instanceId, first.instanceId, 'also from a folder below')
  t.match(json(await place.arc(['ensure', '--port', '0'])), { started: false, url: again.url })
  t.strictSame(readdirSync(cwd), [], 'whose files lie where the room is')
  await place.arc(['stop'], { cwd })
  t.notOk(existsSync(place.path('.arc', 'arc.sqlite3')), 'no room was founded beside it')

  const path = place.path('.arc', 'server-url')
  t.equal(statSync(path).mode & 0o777, 0o600)
  chmodSync(path, 0o666)
  const refused = await place.arc(['ensure', '--port', '0'])
  t.equal(refused.status, 1)
  t.match(
    refused.stderr,
    `${path} names the storage of this room, and is not believed: other users may write it`,
  )
  chmodSync(path, 0o600)

  const inFile = await place.ensure(['--port', '0', '--storage', join('.arc', 'arc.sqlite3')])
  t.not(inFile.instanceId, first.instanceId)
  await place.arc(['stop'])
  const inFileAgain = await place.ensure(['--port', '0'])
  t.equal(inFileAgain.instanceId, inFile.instanceId)
})

t.test('a room that remembers its server asks for the password', { skip: isGiven }, async (t) => {
  const { folder } = server as OwnServer
  const rules = join(folder, 'pg_hba.conf')
  const before = readFileSync(rules, 'utf8')
  writeFileSync(rules, `host all guarded 127.0.0.1/32 scram-sha-256\n${before}`)
  await server.sql(
    server.url,
    `CREATE ROLE guarded LOGIN SUPERUSER PASSWORD '${SECRET}'`,
    'SELECT pg_reload_conf()',
  )
  t.teardown(() => server.sql(server.url, 'DROP ROLE guarded'))
  const url = new URL(await server.room(t))
  url.username = 'guarded'
  url.password = encodeURIComponent(SECRET)
  const place = new Place(t)
  const first = await place.ensure(['--port', '0', '--storage', url.href])
  await place.arc(['stop'])
  t.notMatch(readFileSync(place.path('.arc', 'server-url'), 'utf8'), /hush/)
  const refused = await place.arc(['ensure', '--port', '0'])
  t.equal(refused.status, 1)
  t.match(
    json<{ error: string }>(refused).error,
    /postgres:\/\/guarded@.*the password: in the URL, PGPASSWORD or ~\/.pgpass/,
  )
  const again = await place.ensure(['--port', '0'], { env: { PGPASSWORD: SECRET } })
  t.equal(again.instanceId, first.instanceId)
  await place.arc(['stop'])
  const pgpass = place.path('.pgpass')
  const escaped = SECRET.replace(/[:\\]/g, '\\$&')
  writeFileSync(pgpass, `127.0.0.1:${url.port}:*:guarded:${escaped}\n`, { mode: 0o600 })
  t.equal((await place.ensure(['--port', '0'])).instanceId, first.instanceId)
})

t.test('a database that cannot be used is named, with what to do', { skip: isGiven }, async (t) => {
  const place = new Place(t)
  const room = new URL(await server.room(t))
  const failure = async (change: (url: URL) => void) => {
    const url = new URL(room)
    change(url)
    const done = await place.arc(['ensure', '--port', '0', '--storage', url.href])
    t.equal(done.status, 1)
    return json<{ error: string }>(done).error
  }
  const missing = await failure((url) => {
    url.pathname = '/missing'
  })
  t.match(missing, /database "missing" does not exist\): create the database/)
  const nobody = await failure((url) => {
    url.port = '1'
  })
  t.match(nobody, /ECONNREFUSED.*check that the server runs/)
  t.match(
    await failure((url) => {
      url.search = ''
    }),
    /fsync=off|synchronous_commit=off/,
    'a server that may lose what was acknowledged is refused',
  )
})
