// What a database server does to a hub: it ends connections, holds locks, takes no writes, or is replaced by another one.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import pg from 'pg'
import t, { type Test } from 'tap'
import { StorageBusy } from '../../src/storage/backend.js'
import { PostgresBackend } from '../../src/storage/postgres/backend.js'
import { post } from '../storage/backend-room.js'
import { ownServer } from '../support/postgres.js'
import { fly, open, SETTINGS } from '../support/postgres-backends.js'
import { until } from '../support/waiting.js'

const server = await ownServer(t)

/** Makes every COMMIT wait for a standby that is not there, or no longer. The server takes a moment to heed it. */
async function awaitStandby(isOn: boolean): Promise<void> {
  const setting = isOn ? "SET synchronous_standby_names = 'nobody'" : 'RESET synchronous_standby_names'
  await server.sql(server.url, `ALTER SYSTEM ${setting}`, 'SELECT pg_reload_conf()')
  await until('the server to heed it', async () => {
    const client = new pg.Client({ connectionString: server.url })
    client.on('error', () => {})
    await client.connect()
    const { pid } = (await client.query('SELECT pg_backend_pid() AS pid')).rows[0]
    let isDone = false
    const written = client.query("SELECT pg_logical_emit_message(true, 'test', '')").then(() => {
      isDone = true
    })
    const waits = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = ${pid} AND wait_event = 'SyncRep'`
    const hasWaited = await until('it to wait or not', async () => {
      if (isDone) return 'not'
      return (await server.sql(server.url, waits)).length > 0 && 'waits'
    })
    await written
    await client.end()
    return (hasWaited === 'waits') === isOn
  })
}

/** Rooms without `unsafe=accept`. */
const room = async (t: Parameters<typeof server.room>[0]) => (await server.room(t)).split('?')[0] as string
const pidOf = (role: string) =>
  `SELECT pid FROM pg_stat_activity WHERE application_name = 'arc ${role}' AND datname = current_database()`
/** Somebody waits for the messages. */
const WAITS = `SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'arc.messages'::regclass`
const ends = (role: string) => `SELECT pg_terminate_backend(pid) FROM (${pidOf(role)}) AS ours`

t.test('hubs that start at once on an empty database found one room', async (t) => {
  const url = await room(t)
  const hubs = await Promise.all(['a', 'b', 'c', 'd'].map((name) => open(url, name)))
  t.teardown(() => Promise.all(hubs.map(({ backend }) => backend.close())))
  t.equal(new Set(hubs.map(({ backend }) => backend.facts.instanceId)).size, 1)
  const posted = await Promise.all(hubs.map(({ applies }) => applies(post('first'), post('second'))))
  const all = posted.flat().sort((a, b) => a - b)
  t.strictSame(all, [1, 2, 3, 4, 5, 6, 7, 8])
  t.ok(
    posted.every(([first, second]) => second === (first ?? 0) + 1),
    'a batch has ids without a gap',
  )
})

t.test('a hub goes on after the server has ended its connections', async (t) => {
  const url = await room(t)
  const { backend, applies } = await open(url)
  t.teardown(() => backend.close())
  t.strictSame(await applies(post('1')), [1])
  for (const role of ['writer', 'reader']) await server.sql(url, ends(role))
  t.strictSame(await applies(post('2'), post('3')), [2, 3])
  const read = async () => (await backend.page({ sinceId: 0, limit: 10 })).items.length
  t.equal(await until('a read', () => read().catch(() => undefined)), 3)
})

for (const trips of ['one trip', 'two trips']) {
  t.test(`a batch of ${trips} whose COMMIT was cut off has happened once, or is done again`, async (t) => {
    const url = await room(t)
    const { backend, applies } = await open(url)
    t.teardown(() => backend.close())
    if (trips === 'one trip') await fly(server, url, { backend, applies })
    const [first = 0] = await applies(post('1'))

    // The insert waits for the table's lock, and the COMMIT waits behind it.
    const holder = new pg.Client({ connectionString: url })
    await holder.connect()
    await holder.query('BEGIN; LOCK TABLE arc.messages IN SHARE MODE')
    const aborted = applies(post('2'))
    await until('the insert to wait', async () => (await server.sql(url, WAITS))[0])
    await server.sql(url, ends('writer'))
    await holder.query('ROLLBACK')
    t.strictSame(await aborted, [first + 1], 'it was rolled back, and done again')

    // The COMMIT waits for a standby that is not there: it is on the disk, and not answered.
    await awaitStandby(true)
    const isWaiting = `SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'arc writer'`
    const committed = applies(post('3'))
    await until('the COMMIT to wait', async () => (await server.sql(url, isWaiting))[0])
    await server.sql(url, ends('writer'))
    await awaitStandby(false)
    t.strictSame(await committed, [first + 2], 'it was committed, and is not done again')
    await holder.end()

    // The server ends its wait by itself, and calls the COMMIT done.
    const canceled = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'arc writer'`
    await awaitStandby(true)
    const unreplicated = backend.apply([{ command: post('4') }], []).catch((error) => error)
    await until('the wait to be ended', async () => (await server.sql(url, canceled))[0])
    t.match(await unreplicated, { code: 'outcome_unknown' })
    await awaitStandby(false)
    const { items } = await backend.page({ sinceId: first - 1, limit: 10 })
    t.strictSame(
      items.map((item) => JSON.parse(item).body),
      ['1', '2', '3', '4'],
    )
  })
}

t.test('a foreign transaction that holds the lock of the room holds up writes alone', async (t) => {
  const url = await room(t)
  const { backend, applies } = await open(url)
  t.teardown(() => backend.close())
  const holder = new pg.Client({ connectionString: url })
  await holder.connect()
  await holder.query('BEGIN; SELECT * FROM arc.log FOR UPDATE')
  const startedAt = Date.now()
  await t.rejects(backend.apply([{ command: post('1') }], []), { message: /holds the lock of the room/ })
  t.ok(Date.now() - startedAt < 3_000, 'it waits for its own time-out')
  t.equal(await backend.latestId(), 0, 'reads go on')
  const waiting = applies(post('1'))
  await holder.query('ROLLBACK')
  t.strictSame(await waiting, [1])

  // A transaction that only stays open keeps nothing back.
  await holder.query('BEGIN; CREATE TABLE its_own (x int); SELECT pg_current_xact_id()')
  t.strictSame(await applies(post('2')), [2])
  t.equal((await backend.messagesAfter(0, 10))?.length, 2)
  await holder.end()
})

/** Leaves out the notifications of a server, as a pooler of transactions does. */
function withoutNotifications(): (bytes: Buffer) => Buffer {
  let rest = Buffer.alloc(0)
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    const kept: Buffer[] = []
    while (rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
      const length = rest.readUInt32BE(1) + 1
      if (rest[0] !== 'A'.charCodeAt(0)) kept.push(rest.subarray(0, length))
      rest = rest.subarray(length)
    }
    return Buffer.concat(kept)
  }
}

/** The server as a hub sees it whose network can lose every answer, without an end of its connections. */
async function lossyWay(t: Test, port: number, pass = () => (bytes: Buffer) => bytes) {
  const sockets: Socket[] = []
  let isLost = false
  const way = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    sockets.push(near, far)
    near.on('data', (bytes) => far.write(bytes))
    const passed = pass()
    far.on('data', (bytes) => {
      const kept = passed(bytes)
      if (!isLost && kept.length > 0) near.write(kept)
    })
    for (const socket of [near, far]) socket.on('error', () => {})
    near.on('close', () => far.end())
    far.on('close', () => near.end())
  }).listen(0, '127.0.0.1')
  await once(way, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    way.close()
  })
  return {
    port: (way.address() as AddressInfo).port,
    lose: (isSo: boolean) => {
      isLost = isSo
    },
  }
}

t.test('a hub that is cut off while it holds the lock holds the others up for seconds only', async (t) => {
  const url = await room(t)
  const way = await lossyWay(t, server.port)
  const behind = new URL(url)
  behind.port = `${way.port}`
  const [a, b] = [await open(behind.href, 'a'), await open(url, 'b')]
  t.teardown(() => Promise.all([a.backend.close(), b.backend.close()]))
  await a.applies(post('1'))
  way.lose(true)
  const cutOff = a.backend.apply([{ command: post('lost') }], []).catch((error) => error)
  await until('it to hold the lock', async () => {
    const holds = `SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction' AND application_name = 'arc writer'`
    return (await server.sql(url, holds))[0]
  })
  const startedAt = Date.now()
  t.strictSame(await b.applies(post('2')), [2])
  t.ok(Date.now() - startedAt < 5_000, `the other waited ${Date.now() - startedAt} ms`)
  t.ok((await cutOff) instanceof StorageBusy, 'its own batch was not done')
  way.lose(false)
  t.strictSame(await a.applies(post('3')), [3], 'and it comes back')
  t.strictSame(
    (await a.backend.messagesAfter(1, 10))?.map(({ id }) => id),
    [2, 3],
  )
})

t.test('another hub hears of a commit, also after its listener was cut off', async (t) => {
  const url = await room(t)
  const [a, b] = [await open(url, 'a'), await open(url, 'b')]
  t.teardown(() => Promise.all([a.backend.close(), b.backend.close()]))
  let heard = 0
  t.teardown(a.backend.watchForeignCommits(() => {}))
  t.teardown(
    b.backend.watchForeignCommits(() => {
      heard++
    }),
  )
  const listening = `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'arc listener' AND query LIKE '%pg_listening%' AND datname = current_database()`
  const bothListen = () =>
    until('both to listen', async () => (await server.sql(url, listening))[0]?.count === '2')
  await bothListen()
  const wakes = async (what: string, mostMs: number) => {
    const before = heard
    const startedAt = performance.now()
    await a.applies(post(what))
    await until('the other hub to hear', () => heard > before)
    const tookMs = performance.now() - startedAt
    t.ok(tookMs < mostMs, `${what}: ${tookMs} ms`)
  }
  await wakes('by the bell', 900)
  await server.sql(url, ends('listener'))
  await wakes('by the look', 5_000)
  await bothListen()
  await wakes('by the bell again', 900)
})

t.test('what a failed read may have missed is reported again', async (t) => {
  const url = await room(t)
  const { backend } = await open(url)
  t.teardown(() => backend.close())
  let heard = 0
  t.teardown(
    backend.watchForeignCommits(() => {
      heard++
    }),
  )
  await until('the first reports', () => heard >= 2)
  const holder = new pg.Client({ connectionString: url })
  await holder.connect()
  await holder.query('BEGIN; LOCK TABLE arc.messages IN ACCESS EXCLUSIVE MODE')
  const read = backend.latestId().catch((error: unknown) => error)
  await until('the read to wait', async () => (await server.sql(url, WAITS))[0])
  const before = heard
  await server.sql(url, ends('reader'))
  t.match(await read, { code: 'unavailable' })
  await holder.end()
  await until('a report', () => heard > before, 5_000)
})

t.test('where no notification arrives, a hub says so and looks more often', async (t) => {
  const url = await room(t)
  const way = await lossyWay(t, server.port, withoutNotifications)
  const behind = new URL(url)
  behind.port = `${way.port}`
  const said: string[] = []
  const deaf = await PostgresBackend.open({
    storagePath: behind.href,
    hubId: 'deaf',
    ...SETTINGS,
    log: (_, text) => said.push(text),
  })
  const { backend, applies } = await open(url, 'b')
  t.teardown(() => Promise.all([deaf.close(), backend.close()]))
  let heard = 0
  const count = () => {
    heard++
  }
  t.teardown(deaf.watchForeignCommits(count))
  await until('it to say so', () => said.some((text) => /no NOTIFY .*looks every 50 ms/.test(text)))
  const before = heard
  const startedAt = performance.now()
  await applies(post('1'))
  await until('a look', () => heard > before)
  t.ok(performance.now() - startedAt < 900)
})

t.test('the database’s clock decides when a lease ends, whatever the hub’s clock says', async (t) => {
  const { backend } = await open(await room(t))
  t.teardown(() => backend.close())
  const { now } = Date
  t.teardown(() => {
    Date.now = now
  })
  Date.now = () => now() + 3_600_000
  const input = { owner_agent_id: 'ann', claim_key: 'k', ttl_sec: 60, metadata: '{}' }
  const { outcomes } = await backend.apply([{ command: { op: 'claim.acquire', input } }], [])
  const { expires_at } = JSON.parse((outcomes[0] as { result: string }).result)
  t.ok(Math.abs(Date.parse(expires_at) - now() - 60_000) < 5_000, expires_at)
  const { result } = await backend.query({ op: 'claims.list', input: { active_only: true } })
  t.match(JSON.parse(result), [{ claim_key: 'k' }], 'also for a read')
})

t.test('a database that takes no writes is said to, and reads go on', async (t) => {
  const url = await room(t)
  const { backend, applies } = await open(url)
  t.teardown(() => backend.close())
  await applies(post('1'))
  await server.sql(url, 'ALTER SYSTEM SET default_transaction_read_only = on', 'SELECT pg_reload_conf()')
  t.teardown(() => server.sql(url, 'BEGIN READ WRITE; COMMIT'))
  const refusal = await until('a refusal', async () =>
    backend.apply([{ command: post('lost') }], []).then(
      () => undefined,
      (error) => (error instanceof StorageBusy ? undefined : error),
    ),
  )
  t.match(refusal, { code: 'storage_not_writable', message: /read-only.*name the primary/ })
  t.ok((await backend.latestId()) >= 1)
  await server.sql(url, 'SET default_transaction_read_only = off; ALTER SYSTEM RESET ALL').catch(() => {})
  await server.stop()
  await server.start({ default_transaction_read_only: 'off' })
  const next = (await backend.latestId().catch(() => backend.latestId())) + 1
  t.strictSame(await applies(post('again')), [next], 'also after a restart of the server')
})

t.test('a room of a newer version, and one that may not be used, are refused with a reason', async (t) => {
  const url = await room(t)
  await (await open(url)).backend.close()
  await server.sql(url, 'CREATE ROLE stranger LOGIN')
  t.teardown(() => server.sql(server.url, 'DROP ROLE stranger'))
  const foreign = new URL(url)
  foreign.username = 'stranger'
  await t.rejects(open(foreign.href), { code: 'storage_unusable', message: /permission denied.*grant/ })
  await server.sql(url, 'INSERT INTO arc.migrations VALUES (99, now())')
  await t.rejects(open(url), { code: 'storage_unusable', message: /newer version of Arc \(schema 99\)/ })
})
