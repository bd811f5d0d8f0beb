// Rows whose text is not UTF-8, as half an emoji was stored before names were made well-formed: they read as another
// text, so that nobody can find them by it. They fail neither the recovery of others nor a listing, and they
// are recovered themselves.

import SqliteDatabase from 'better-sqlite3'
import t, { type Test } from 'tap'
import type { Bootstrap, Claim, Lock, Message, Session } from '../../src/protocol/objects.js'
import { SqliteBackend } from '../../src/storage/sqlite/backend.js'
import { Calls, resultOf } from '../support/calls.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'

const LONG_AGO = '2024-05-06T07:08:09Z'
const FAR_AHEAD = '2099-01-01T00:00:00Z'
/** `x` and the first half of an emoji, in bytes. */
const HALF = "CAST(x'78eda0bd' AS TEXT)"

/** A storage that holds what `sql` inserts. */
function storageWith(t: Test, sql: string): string {
  const storagePath = `${ownFolder(t)}/arc.sqlite3`
  const settings = { hubId: 'test', presenceTtlSec: 120, allowRemote: false, log: () => {} }
  SqliteBackend.open({ storagePath, ...settings }).close()
  const db = new SqliteDatabase(storagePath)
  db.exec(sql)
  db.close()
  return storagePath
}

const session = (id: string, agent: string) =>
  `INSERT INTO sessions VALUES ('${id}', ${agent}, 'n', '[]', '{}', '${LONG_AGO}', '${LONG_AGO}', 1);`
const claim = (key: string, owner: string) =>
  `INSERT INTO claims VALUES (${key}, ${HALF}, NULL, ${owner}, '${LONG_AGO}', '${FAR_AHEAD}', NULL, '{}');`
const lock = (path: string, owner: string, metadata: string) =>
  `INSERT INTO locks VALUES (${path}, ${owner}, '${LONG_AGO}', '${FAR_AHEAD}', NULL, ${metadata});`

t.test('what agents held under unreadable names is released with all the rest', async (t) => {
  const sql = [
    session('s1', HALF),
    session('s2', "'ann'"),
    claim(HALF, "'ann'"),
    claim("'fine'", "'ann'"),
    claim("'of half'", HALF),
    lock(HALF, "'ann'", "'{}'"),
    lock("'list.ts'", "'ann'", "'[1]'"),
    lock("'text.ts'", HALF, `'"text"'`),
    lock("'fine.ts'", "'ann'", "'not json'"),
  ]
  const hub = await startTestHub(t, { storagePath: storageWith(t, sql.join('\n')) })
  const calls = new Calls(t, hub.url)
  t.strictSame(resultOf(await calls.get<Session[]>('/v1/agents')), [])
  const bootstrap = resultOf(await calls.get<Bootstrap>('/v1/bootstrap', { agent_id: 'bob' }))
  t.strictSame(bootstrap.live_agents, [])
  t.equal(resultOf(await calls.get<Claim[]>('/v1/claims', { active_only: true })).length, 0)
  t.equal(resultOf(await calls.get<Lock[]>('/v1/locks', { active_only: true })).length, 0)
  const notices = resultOf(await calls.get<Message[]>('/v1/messages', { channel: 'general' }))
  t.equal(notices.filter(({ metadata }) => metadata.recovery === true).length, 7, 'one for each lease')
  for (const path of ['/v1/claims', '/v1/locks', '/v1/threads', '/v1/tasks', '/v1/channels'])
    t.equal((await calls.get(path)).status, 200, path)
})
