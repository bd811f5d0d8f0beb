// A room moves between storages as it is: rows, ids, fences and stored outcomes.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import t from 'tap'
import { exportRoom, importRoom } from '../../src/actors/transfer.js'
import type { StorageBackend } from '../../src/storage/backend.js'
import type { Command, Submission } from '../../src/storage/commands.js'
import { PostgresBackend } from '../../src/storage/postgres/backend.js'
import { TABLES } from '../../src/storage/room-file.js'
import { SqliteBackend } from '../../src/storage/sqlite/backend.js'
import { nameOf } from '../../src/storage/sqlite/transfer.js'
import { ownFolder } from '../support/folder.js'
import { postgresServer } from '../support/postgres.js'
import { claim, lock, open, post, resultOf } from './backend-room.js'

const SETTINGS = { hubId: 'test', presenceTtlSec: 120, allowRemote: false, log: () => {} }
/** Rows of agents that wait and of hub processes, which end with them. */
const STAY = ['arc_hub_state', 'arc_migrations', 'arc_sessions', 'arc_waits']

const server = await postgresServer(t)
const folder = ownFolder(t)
const at = (name: string) => join(folder, name)
const quiet = () => {}

const key: Submission['idempotency'] = { scope: 'http', key: 'k', requestHash: 'h' }
const keyed = (command: Command): Submission => ({ command, idempotency: key })

async function fill(backend: StorageBackend): Promise<void> {
  const slot: Command = {
    op: 'slot.acquire',
    input: { name: 's', agent_id: 'ann', capacity: 2, ttl_sec: 300 },
  }
  const commands: Command[] = [
    open('ann', { presence_ttl_sec: 600, harness: 'test' }),
    open('bob'),
    post('first \u0000 \ufdd0 ä', { thread_id: 't' }),
    post('two\u2028lines\u2029of\u0085one', { thread_id: 't' }),
    post('to bob', { to_agent: 'bob' }),
    post('a task', { kind: 'task', thread_id: 't' }),
    claim('ann', 'key', { thread_id: 'claimed' }),
    lock('bob', 'src/a.ts'),
    slot,
  ]
  await backend.apply(
    commands.map((command) => ({ command })),
    [],
  )
  await backend.apply([keyed(post('once'))], [])
  const offer = { agent_id: 'bob', reader: 'r', limit: 10, max_chars: 6_000, lease_sec: 30, ambient: true }
  await backend.apply([{ command: { op: 'mailbox.offer', input: offer } }], [])
}

/** The lines of a file in an order of its own: an engine reads rows in any. */
const linesOf = (name: string) => readFileSync(at(name), 'utf8').split('\n').sort()

t.test('every table that a room keeps moves with all its columns', async (t) => {
  SqliteBackend.open({ storagePath: at('empty.sqlite3'), ...SETTINGS }).close()
  const db = new SqliteDatabase(at('empty.sqlite3'), { readonly: true })
  t.teardown(() => db.close())
  const named = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
  const moved = (Object.keys(TABLES) as (keyof typeof TABLES)[]).map(nameOf)
  t.strictSame([...moved, ...STAY].sort(), named.pluck().all().sort())
  for (const [table, columns] of Object.entries(TABLES)) {
    const name = nameOf(table as keyof typeof TABLES)
    const own = table === 'sessions' ? [name, 'arc_sessions'] : [name]
    const there = own.flatMap((of) =>
      (db.pragma(`table_info(${of})`) as { name: string }[]).map((c) => c.name),
    )
    t.strictSame([...columns].sort(), [...new Set(there)].sort(), table)
  }
})

t.test('a room goes from a file to a server and back, and nothing changes', async (t) => {
  const first = SqliteBackend.open({ storagePath: at('a.sqlite3'), ...SETTINGS })
  await fill(first)
  const latest = first.latestId()
  first.close()
  const room = await server.room(t)
  const out = await exportRoom(at('a.sqlite3'), at('a.jsonl'), quiet)
  t.match(out, { storage: at('a.sqlite3'), messages: latest })
  t.match(await importRoom(at('a.jsonl'), room, quiet), { rows: out.rows, messages: latest })
  await exportRoom(room, at('b.jsonl'), quiet)
  t.strictSame(linesOf('b.jsonl'), linesOf('a.jsonl'), 'on the server it is the same')
  await importRoom(at('b.jsonl'), at('c.sqlite3'), quiet)
  await exportRoom(at('c.sqlite3'), at('c.jsonl'), quiet)
  t.strictSame(linesOf('c.jsonl'), linesOf('a.jsonl'), 'and back in a file')

  const backends = [
    await PostgresBackend.open({ storagePath: room, ...SETTINGS }),
    SqliteBackend.open({ storagePath: at('c.sqlite3'), ...SETTINGS }),
  ]
  for (const backend of backends) {
    const replayed = await backend.apply([keyed(post('once'))], [])
    t.match(replayed, { outcomes: [{ isReplayed: true }], messages: [] })
    t.equal((await backend.apply([{ command: post('next') }], [])).messages[0]?.id, latest + 1)
    const [outcome] = (await backend.apply([{ command: claim('eve', 'key') }], [])).outcomes
    t.match(outcome && resultOf(outcome), { acquired: false, owner_agent_id: 'ann', fence: 1 })
    const [taken] = (await backend.apply([{ command: claim('eve', 'another') }], [])).outcomes
    t.match(taken && resultOf(taken), { acquired: true, fence: 4 }, 'a fence is never given again')
    await backend.close()
  }
})

t.test('a file that is no whole room is refused, and so is a storage in use', async (t) => {
  const whole = readFileSync(at('a.jsonl'), 'utf8')
  writeFileSync(at('cut.jsonl'), whole.slice(0, whole.length / 2))
  writeFileSync(at('other.jsonl'), '{}\n')
  const room = await server.room(t)
  for (const storage of [room, at('d.sqlite3')]) {
    await t.rejects(importRoom(at('cut.jsonl'), storage, quiet), {
      code: 'storage_unusable',
      message: /ends early/,
    })
    await t.rejects(importRoom(at('other.jsonl'), storage, quiet), { message: /is not a room/ })
  }
  await importRoom(at('a.jsonl'), room, quiet)
  await t.rejects(importRoom(at('a.jsonl'), room, quiet), { message: /is in use.*DROP SCHEMA/ })
  await t.rejects(importRoom(at('a.jsonl'), at('a.sqlite3'), quiet), {
    message: /exists; import into a new file/,
  })
  await t.rejects(exportRoom(at('none.sqlite3'), at('e.jsonl'), quiet), { message: /there is no room/ })
  await t.rejects(exportRoom(room, at('a.jsonl'), quiet), { message: /exists; give the name of a new file/ })
})
