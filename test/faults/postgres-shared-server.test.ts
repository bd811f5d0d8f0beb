// A database server that was not made for Arc alone: an administrator's short limits for everybody, and a full disk.

import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import { Calls, type Reply, resultOf } from '../support/calls.js'
import { Random } from '../support/campaign.js'
import { startTestHub } from '../support/hub.js'
import { ownServer, serverUser } from '../support/postgres.js'
import { fill, noSmallDisk, smallDisk } from '../support/small-disk.js'
import { until } from '../support/waiting.js'

const server = await ownServer(t)

/** Each is shorter than what a hub needs now and then. */
const SHORT = {
  statement_timeout: '30ms',
  lock_timeout: '1ms',
  idle_in_transaction_session_timeout: '30ms',
  transaction_timeout: '100ms',
  idle_session_timeout: '300ms',
}

t.test('limits that the database sets for everybody do not end what a hub does', async (t) => {
  const storagePath = (await server.room(t)).split('?')[0] as string
  const name = new URL(storagePath).pathname.slice(1)
  for (const [setting, value] of Object.entries(SHORT))
    await server.sql(server.url, `ALTER DATABASE ${name} SET ${setting} = '${value}'`)
  const said: string[] = []
  const logSink = { write: (line: string) => said.push(line) }
  const hub = await startTestHub(t, { storagePath, logLevel: 'debug', logSink })
  const calls = new Calls(t, hub.url)
  await calls.say({ body: 'first' })

  // A foreign transaction holds the lock for longer than most of the limits.
  const holder = new pg.Client({ connectionString: server.url.replace(/postgres$/, name) })
  holder.on('error', () => {})
  await holder.connect()
  await holder.query(
    Object.keys(SHORT)
      .map((setting) => `SET ${setting} = 0`)
      .join(';'),
  )
  await holder.query('BEGIN; SELECT * FROM arc.log FOR UPDATE')
  const waiting = calls.say({ body: 'second' })
  await pause(1_000)
  await holder.query('COMMIT')
  await holder.end()
  t.match(await waiting, { id: 2 })

  const pids = `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'arc %' AND datname = '${name}' ORDER BY pid`
  const before = await server.sql(server.url, pids)
  await pause(1_000)
  t.strictSame(await server.sql(server.url, pids), before, 'its connections stay')
  t.equal(before.length, 3)
  t.match(await calls.say({ body: 'third' }), { id: 3 })
  t.strictSame(
    said.filter((line) => /timeout/.test(line)),
    [],
  )
})

/** A folder on a small disk that the server may use. */
function smallFolder(t: Test, kib: number): { disk: string; folder: string } {
  const disk = smallDisk(t, kib)
  chmodSync(dirname(disk), 0o755)
  const folder = join(disk, 'folder')
  mkdirSync(folder, { mode: 0o700 })
  chownSync(folder, serverUser.uid, serverUser.gid)
  return { disk, folder }
}

const random = new Random()
/** Text that takes its whole length on a disk. */
const noise = () =>
  Array.from({ length: 100_000 }, () => String.fromCharCode(random.between(33, 126))).join('')

/** Posts until the hub refuses. Returns the ids of what it took, and the refusal. */
async function postUntilRefused(calls: Calls): Promise<{ taken: number[]; refusal: Reply<Message> }> {
  const taken: number[] = []
  for (;;) {
    const reply = await calls.post<Message>('/v1/messages', { from_agent: 'ann', body: noise() })
    if (!reply.envelope.ok) return { taken, refusal: reply }
    taken.push(resultOf(reply).id)
  }
}

const idsOf = async (calls: Calls) => (await calls.everythingIn('general')).map(({ id }) => id)

t.test(
  'a room whose disk is full is read, and written again when there is space',
  { skip: noSmallDisk },
  async (t) => {
    const { disk, folder } = smallFolder(t, 24 * 1_024)
    await server.sql(
      server.url,
      `CREATE TABLESPACE small LOCATION '${folder}'`,
      'CREATE DATABASE small TABLESPACE small',
    )
    const hub = await startTestHub(t, { storagePath: server.url.replace(/postgres$/, 'small') })
    const calls = new Calls(t, hub.url)
    await calls.say({ body: 'before' })
    fill(disk)
    const { taken, refusal } = await postUntilRefused(calls)
    t.match(refusal, {
      status: 503,
      envelope: {
        code: 'storage_not_writable',
        error: /the disk of the database server is full: make room there/,
      },
    })
    t.strictSame(await idsOf(calls), [1, ...taken], 'what was acknowledged is there, and nothing else')
    const polled = calls.get<Message[]>('/v1/events', {
      agent_id: 'bob',
      since_id: taken.at(-1) ?? 1,
      timeout: 20,
    })
    await calls.waiting(1)
    rmSync(join(disk, 'ballast'))
    const next = await calls.say({ body: 'after' })
    t.equal(next.id, (taken.at(-1) ?? 1) + 1)
    t.match(resultOf(await polled), [{ body: 'after' }])
    await hub.stop()
    await server.sql(server.url, 'DROP DATABASE small', 'DROP TABLESPACE small')
  },
)

t.test('a server whose log has no space', { skip: noSmallDisk }, async (t) => {
  const { disk, folder } = smallFolder(t, 64 * 1_024)
  const mine = await ownServer(t, { min_wal_size: '32MB', max_wal_size: '32MB', wal_keep_size: '0' })
  await mine.stop()
  const log = join(mine.folder, 'pg_wal')
  execFileSync('cp', ['-a', `${log}/.`, folder])
  rmSync(log, { recursive: true })
  symlinkSync(folder, log)
  await mine.start()
  const storagePath = ((await mine.room(t)) as string).split('?')[0] as string
  const hub = await startTestHub(t, { storagePath })
  const calls = new Calls(t, hub.url)
  await calls.say({ body: 'before' })
  fill(disk)
  const { taken, refusal } = await postUntilRefused(calls)
  t.comment(`${taken.length} taken, then ${refusal.status} ${refusal.envelope.error}`)
  t.equal(refusal.status, 503)
  rmSync(join(disk, 'ballast'))
  const mendedAt = performance.now()
  const next = await until('it to write again', async () => {
    const reply = await calls.post<Message>('/v1/messages', { from_agent: 'ann', body: 'after' })
    return reply.envelope.ok && resultOf(reply)
  })
  t.comment(`it wrote again after ${(performance.now() - mendedAt).toFixed()} ms`)
  const ids = await idsOf(calls)
  t.strictSame(
    ids,
    Array.from({ length: ids.length }, (_, n) => n + 1),
  )
  t.strictSame(ids.slice(0, taken.length + 1), [1, ...taken])
  t.equal(next.id, ids.at(-1))
})
