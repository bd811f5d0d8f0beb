// More is stored than fits into the memory of a hub: what is asked for comes in pages that end where it is enough, a
// listing without pages is refused with a word of what to do, and the hub goes on as if nothing had been.

import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import t, { type Test } from 'tap'
import type { Claim, HubStatus, Message, Session } from '../../src/protocol/objects.js'
import { Calls, type Query, resultOf } from '../support/calls.js'
import { rounds } from '../support/campaign.js'
import { ownFolder } from '../support/folder.js'
import { startHubProcess } from '../support/processes.js'

/** At full size together more than a storage thread's heap; two of them are more than a page, six more than a listing. */
const ROWS = rounds(6, 48)
const HALF = ROWS / 2
const ROW_CHARS = 12_000_000
const ROW_TEXT = `printf('%.*c', ${ROW_CHARS}, 'x')`
const NUMBERS = `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${ROWS})`
const AGENT = 'agent'

async function open(t: Test) {
  const storage = join(ownFolder(t), 'arc.sqlite3')
  const args = ['--storage', storage, '--port', '0', '--no-relay', '--log-level', 'warn']
  const hub = await startHubProcess(t, args)
  const calls = new Calls(t, hub.url, 4)
  const db = new SqliteDatabase(storage, { timeout: 5_000 })
  t.teardown(() => db.close())
  const before = resultOf(await calls.get<HubStatus>('/v1/status'))
  const isUnharmed = async (t: Test) => {
    const after = resultOf(await calls.get<HubStatus>('/v1/status'))
    t.same([after.pid, after.started_at], [before.pid, before.started_at], 'the hub is the same')
    t.strictSame([...hub.log], [], 'no actor has ended')
  }
  return { calls, db, isUnharmed }
}

t.test('messages come in pages, direct ones and those of a thread as well', async (t) => {
  const { calls, db, isUnharmed } = await open(t)
  const ids = async (path: string, query: Query = {}) =>
    resultOf(await calls.get<Message[]>(path, { limit: 500, ...query }, 60_000)).map(({ id }) => id)
  const waiting = ids('/v1/events', { agent_id: AGENT, timeout: 50 })
  await calls.waiting(1)
  const insert = db.prepare(
    `${NUMBERS} INSERT INTO messages (ts, from_agent, to_agent, channel, kind, body, thread_id)
     SELECT '2026-01-02T03:04:05.678Z', 'a', ?, 'general', 'chat', ${ROW_TEXT}, 'thread' FROM numbers LIMIT ?`,
  )
  insert.run(null, HALF)
  t.same(await waiting, [1], 'who waited for them has the first page')
  insert.run(AGENT, HALF)
  const read: number[] = []
  for (let page = [0]; page.length > 0; read.push(...page)) {
    page = await ids('/v1/events', { agent_id: AGENT, since_id: read.at(-1) ?? 0 })
  }
  t.strictSame(
    read,
    Array.from({ length: ROWS }, (_, i) => i + 1),
    'each once, in order',
  )
  t.same(await ids('/v1/messages', { thread_id: 'thread' }), [1])
  t.match(await calls.get('/v1/messages', { channel: 'general' }), { envelope: { cut: true } })
  t.match(await calls.get('/v1/messages', { channel: 'general', limit: 1 }), { envelope: { cut: undefined } })
  t.match(await calls.get(`/v1/inbox/${AGENT}`), { envelope: { cut: true } })
  t.same(await ids('/v1/messages', { channel: 'general', tail: true }), [HALF], 'the newest first of all')
  t.same(await ids(`/v1/inbox/${AGENT}`), [HALF + 1])
  t.match(await calls.get('/v1/threads/thread'), {
    status: 400,
    envelope: { ok: false, code: 'answer_too_large', error: /GET \/v1\/events with since_id/ },
  })
  await isUnharmed(t)
})

t.test('claims, and what a session that has expired held', async (t) => {
  const { calls, db, isUnharmed } = await open(t)
  db.exec(`${NUMBERS} INSERT INTO claims
    SELECT 'claim ' || n, 'thread ' || n, NULL, 'gone', '2026-01-02T03:04:05Z', '2099-01-02T03:04:05Z', NULL,
      json_object('text', ${ROW_TEXT}) FROM numbers`)
  t.match(await calls.get('/v1/claims'), { status: 400, envelope: { code: 'answer_too_large' } })
  t.match(resultOf(await calls.get<Claim[]>('/v1/claims', { thread_id: 'thread 5' })), [
    { claim_key: 'claim 5', released_at: null },
  ])
  db.exec(`INSERT INTO sessions (session_id, agent_id, created_at, last_seen, active)
    VALUES ('s', 'gone', '2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z', 1)`)
  t.same(resultOf(await calls.get<Session[]>('/v1/agents')), [])
  const notices = resultOf(await calls.get<Message[]>('/v1/messages', { channel: 'general' }))
  t.equal(notices.filter(({ metadata }) => metadata.recovery === true).length, ROWS, 'each was released')
  await isUnharmed(t)
})
