// A database that knows nothing of Arc but the six tables of PROTOCOL §11, made and filled by plain SQL as another
// implementation may have left it, is served as it is; and it stays what it is for that other
// implementation: the same columns in the same order, rows inserted by position, ids up to 2^53−1.

import SqliteDatabase from 'better-sqlite3'
import t, { type Test } from 'tap'
import type {
  Bootstrap,
  Claim,
  Lock,
  Message,
  Session,
  Task,
  ThreadDetail,
  ThreadSummary,
} from '../../src/protocol/objects.js'
import { Calls, resultOf } from '../support/calls.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { reportOf, startScript } from '../support/processes.js'

const INSERT_BY_POSITION = new URL('./insert-by-position.js', import.meta.url)
const MAX_ID = 2 ** 53 - 1

const TABLES: Readonly<Record<string, string>> = {
  channels: 'name TEXT PRIMARY KEY, created_at TEXT, created_by TEXT, metadata_json TEXT',
  messages:
    'id INTEGER PRIMARY KEY AUTOINCREMENT, ts TEXT, from_agent TEXT, to_agent TEXT, channel TEXT, kind TEXT, body TEXT, attachments_json TEXT, reply_to INTEGER, thread_id TEXT, metadata_json TEXT',
  sessions:
    'session_id TEXT PRIMARY KEY, agent_id TEXT, display_name TEXT, capabilities_json TEXT, metadata_json TEXT, created_at TEXT, last_seen TEXT, active INTEGER',
  claims:
    'claim_key TEXT PRIMARY KEY, thread_id TEXT, task_message_id INTEGER, owner_agent_id TEXT, claimed_at TEXT, expires_at TEXT, released_at TEXT, metadata_json TEXT',
  locks:
    'file_path TEXT PRIMARY KEY, agent_id TEXT, locked_at TEXT, expires_at TEXT, released_at TEXT, metadata_json TEXT',
  tasks:
    'task_id INTEGER PRIMARY KEY, parent_task_id INTEGER, channel TEXT, thread_id TEXT, status TEXT, created_at TEXT, completed_at TEXT',
}

const LONG_AGO = '2024-05-06T07:08:09.123456Z'
const FAR_AHEAD = '2099-01-01T00:00:00Z'
const SOON = () => new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, '.654321Z')

/** A file with the six tables, filled by `fill`, and closed again before a hub opens it. */
function plainDatabase(t: Test, fill: (db: SqliteDatabase.Database) => void): string {
  const path = `${ownFolder(t)}/arc.sqlite3`
  const db = new SqliteDatabase(path)
  for (const [table, columns] of Object.entries(TABLES)) db.exec(`CREATE TABLE ${table} (${columns})`)
  fill(db)
  db.close()
  return path
}

function insert(db: SqliteDatabase.Database, table: string, ...values: unknown[]): void {
  db.prepare(`INSERT INTO ${table} VALUES (${values.map(() => '?').join(', ')})`).run(values)
}

/** What a hub of another make may have stored. */
function fillRoom(db: SqliteDatabase.Database): void {
  insert(db, 'channels', 'general', LONG_AGO, 'system', null)
  insert(db, 'channels', 'design', LONG_AGO, null, '{"purpose": "caf\\u00e9"}')
  const message = (
    id: number,
    from: string,
    to: string | null,
    channel: string,
    kind: string,
    rest: unknown[],
  ) => insert(db, 'messages', id, LONG_AGO, from, to, channel, kind, ...rest)
  message(7, 'ann', null, 'design', 'task', ['build it', '[]', null, 'plan', '{}'])
  message(8, 'bob', null, 'design', 'task', [
    'a part of it',
    null,
    7,
    'plan',
    '{"score": NaN, "all": [Infinity, -Infinity]}',
  ])
  message(20, 'bob', 'ann', 'direct', 'artifact', [
    null,
    '[{"type": "text", "content": "NaN"}]',
    null,
    'plan',
    null,
  ])
  message(1_000, 'ann', null, 'general', 'chat', ['', null, null, null, 'not json'])
  insert(db, 'tasks', 7, null, 'design', 'plan', 'open', LONG_AGO, null)
  insert(db, 'tasks', 8, 7, 'design', 'plan', 'open', LONG_AGO, null)
  insert(db, 'sessions', 's-gone', 'gone', null, null, null, LONG_AGO, LONG_AGO, 1)
  insert(db, 'sessions', 's-here', 'here', 'Here', '["review"]', '{"x": NaN}', LONG_AGO, SOON(), 1)
  insert(db, 'sessions', 's-left', 'here', 'Left', '[]', '{}', LONG_AGO, LONG_AGO, 0)
  insert(db, 'claims', 'task-7', 'plan', 7, 'here', LONG_AGO, FAR_AHEAD, null, null)
  insert(db, 'claims', 'of-the-gone', 'plan', null, 'gone', LONG_AGO, SOON(), null, '{}')
  insert(db, 'claims', 'lapsed', null, null, 'here', LONG_AGO, LONG_AGO, null, '{}')
  insert(db, 'locks', 'a.ts', 'here', LONG_AGO, FAR_AHEAD, null, '{"thread_id": "plan"}')
  insert(db, 'locks', 'b.ts', 'here', LONG_AGO, FAR_AHEAD, LONG_AGO, null)
}

async function serve(
  t: Test,
  fill = fillRoom,
): Promise<{ calls: Calls; storagePath: string; stop(): Promise<void> }> {
  const storagePath = plainDatabase(t, fill)
  const hub = await startTestHub(t, { storagePath })
  return { calls: new Calls(t, hub.url), storagePath, stop: () => hub.stop() }
}

/** Rows inserted by position from another process; returns their ids. */
function insertElsewhere(t: Test, storagePath: string, ...rows: unknown[][]): Promise<number[]> {
  return reportOf<number[]>(startScript(t, INSERT_BY_POSITION, [storagePath, JSON.stringify(rows)]))
}

t.test('messages are served as they are, whatever their ids, gaps, NULLs and timestamps', async (t) => {
  const { calls } = await serve(t)
  const listed = resultOf(await calls.get<Message[]>('/v1/messages', { channel: 'design' }))
  t.match(listed, [
    {
      id: 7,
      ts: LONG_AGO,
      kind: 'task',
      body: 'build it',
      attachments: [],
      reply_to: null,
      thread_id: 'plan',
    },
    { id: 8, ts: LONG_AGO, attachments: [], reply_to: 7 },
  ])
  const [direct] = resultOf(await calls.get<Message[]>('/v1/inbox/ann'))
  const attachments = [{ type: 'text', content: 'NaN' }]
  t.match(direct, { id: 20, from_agent: 'bob', to_agent: 'ann', body: '', attachments, metadata: {} })
  const [last] = resultOf(await calls.get<Message[]>('/v1/messages', { channel: 'general' }))
  t.strictSame(
    [last?.id, last?.attachments, last?.metadata],
    [1_000, [], {}],
    'text that is no JSON reads as nothing',
  )
})

t.test("Python's NaN and Infinity read as null, and what stands beside them is kept", async (t) => {
  const { calls } = await serve(t)
  const listed = resultOf(await calls.get<Message[]>('/v1/messages', { channel: 'design' }))
  t.strictSame(listed.at(-1)?.metadata, { score: null, all: [null, null] })
})

t.test('a long-poll and a bootstrap see them', async (t) => {
  const { calls } = await serve(t)
  const rows = resultOf(
    await calls.get<Message[]>('/v1/events', { agent_id: 'ann', since_id: 8, timeout: 30 }),
  )
  t.strictSame(
    rows.map(({ id }) => id),
    [20, 1_000],
  )
  const { latest_visible_id } = resultOf(await calls.get<Bootstrap>('/v1/bootstrap', { agent_id: 'ann' }))
  t.equal(latest_visible_id, 1_001, 'the notice about what the session seen long ago has held')
  t.equal((await calls.say({ body: 'next' })).id, 1_003, 'and ids go on: that one was told as well')
})

t.test('threads, tasks, claims and locks that it holds are counted and listed', async (t) => {
  const { calls } = await serve(t)
  const { thread, tasks, claims, locks } = resultOf(await calls.get<ThreadDetail>('/v1/threads/plan'))
  t.match(thread, {
    thread_id: 'plan',
    channel: 'design',
    root_task_id: 7,
    latest_artifact_id: 20,
    total_task_count: 2,
    open_task_count: 2,
    active_lock_count: 1,
    status: 'open',
  })
  t.strictSame([tasks.length, claims.length, locks.length], [2, 2, 1])
  const active = resultOf(await calls.get<Claim[]>('/v1/claims', { active_only: true }))
  t.match(
    active.filter(({ owner_agent_id }) => owner_agent_id === 'here'),
    [{ claim_key: 'task-7', metadata: {}, claimed_at: LONG_AGO }],
  )
  t.match(resultOf(await calls.get<Lock[]>('/v1/locks', { active_only: true })), [{ file_path: 'a.ts' }])
})

t.test('a session seen long ago ends with what it held, one seen just now lives on', async (t) => {
  const { calls } = await serve(t)
  const live = resultOf(await calls.get<Session[]>('/v1/agents'))
  t.match(live, [{ session_id: 's-here', display_name: 'Here', capabilities: ['review'] }])
  t.equal(live.length, 1)
  const notices = resultOf(await calls.get<Message[]>('/v1/messages', { thread_id: 'plan', since_id: 1_000 }))
  t.match(notices, [{ from_agent: 'system', channel: 'design', metadata: { claim_key: 'of-the-gone' } }])
  const again = await calls.post<Claim>('/v1/claims', { owner_agent_id: 'here', claim_key: 'of-the-gone' })
  t.equal(again.envelope.acquired, true)
})

t.test('after a hub has used it the six tables have the same columns in the same order', async (t) => {
  const { calls, storagePath, stop } = await serve(t)
  const { id } = await calls.say({ kind: 'task', body: 'a task', thread_id: 'work', metadata: { a: 1 } })
  await calls.post('/v1/sessions', { agent_id: 'worker', capabilities: ['x'] })
  await calls.post('/v1/claims', { owner_agent_id: 'worker', task_message_id: id, thread_id: 'work' })
  await calls.post('/v1/locks', { agent_id: 'worker', file_path: 'c.ts' })
  await calls.post('/v1/channels', { name: 'new', created_by: 'worker' })
  const child = await calls.say({ kind: 'task', body: 'a part', thread_id: 'work', parent_task_id: id })
  t.equal((await calls.post<Task>(`/v1/tasks/${child.id}/complete`, {})).envelope.parent_completed, true)
  await stop()

  const db = new SqliteDatabase(storagePath, { readonly: true })
  t.teardown(() => db.close())
  for (const [table, columns] of Object.entries(TABLES)) {
    const found = db.pragma(`table_info(${table})`) as { name: string; type: string }[]
    const asDeclared = columns.split(', ').map((column) => column.split(' ').slice(0, 2).join(' '))
    t.strictSame(
      found.map(({ name, type }) => `${name} ${type}`),
      asDeclared,
      table,
    )
    const own = db.prepare<[], string>(`SELECT sql FROM sqlite_schema WHERE name = '${table}'`).pluck().get()
    t.equal(own, `CREATE TABLE ${table} (${columns})`, `${table} was not made anew`)
  }
  const added = db
    .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'index', 'trigger')")
    .pluck()
  const foreign = (added.all() as string[]).filter(
    (name) => !(name in TABLES) && !/^(arc|sqlite)_/.test(name),
  )
  t.strictSame(foreign, [], 'all that was added is named arc_…')
})

t.test(
  'a row inserted by position from another process wakes a long-poll and counts in its thread',
  async (t) => {
    const { calls, storagePath } = await serve(t)
    const { id } = await calls.say({ body: 'ours', thread_id: 'shared' })
    const poll = calls.get<Message[]>(
      '/v1/messages',
      { thread_id: 'shared', since_id: id, timeout: 30 },
      40_000,
    )
    await calls.waiting(1)
    const rest = ['shared', '{"python": true}']
    const row = [LONG_AGO, 'snake', null, 'general', 'artifact', 'theirs', '[]', id, ...rest]
    const [theirs] = await insertElsewhere(t, storagePath, row)
    const rows = resultOf(await poll)
    t.match(rows, [
      { id: theirs, from_agent: 'snake', body: 'theirs', reply_to: id, metadata: { python: true } },
    ])
    const threads = resultOf(await calls.get<ThreadSummary[]>('/v1/threads'))
    const shared = threads.find(({ thread_id }) => thread_id === 'shared')
    t.match(shared, {
      message_count: 2,
      latest_message_id: theirs,
      latest_artifact_id: theirs,
      channel: 'general',
    })
    t.ok((await calls.say({ body: 'ours again' })).id > (theirs ?? 0), 'and ids go on after it')
  },
)

t.test('the last id that JSON can carry is given out, and none after it', async (t) => {
  const { calls, storagePath, stop } = await serve(t, (db) => {
    insert(db, 'channels', 'general', LONG_AGO, 'system', '{}')
    insert(db, 'messages', 1, LONG_AGO, 'ann', null, 'general', 'chat', 'the first', '[]', null, null, '{}')
    db.exec(`UPDATE sqlite_sequence SET seq = ${MAX_ID - 1} WHERE name = 'messages'`)
  })
  const poll = calls.get<Message[]>('/v1/messages', { channel: 'general', since_id: 1, timeout: 30 }, 40_000)
  await calls.waiting(1)
  t.equal((await calls.say({ body: 'the last' })).id, MAX_ID)
  t.match(resultOf(await poll), [{ id: MAX_ID, body: 'the last' }], 'it wakes who waits')
  for (const body of ['one too many', 'and another', 'a task']) {
    const refused = await calls.post('/v1/messages', {
      from_agent: 'ann',
      body,
      kind: body === 'a task' ? 'task' : 'chat',
    })
    t.match(refused, { status: 500, envelope: { ok: false, code: 'ids_exhausted' } })
  }
  const keyed = { from_agent: 'ann', body: 'by key' }
  for (const attempt of ['first', 'second']) {
    t.equal((await calls.post('/v1/messages', keyed, { key: 'k' })).status, 500, `${attempt} try by key`)
  }
  const claim = await calls.post<Claim>('/v1/claims', { owner_agent_id: 'ann', claim_key: 'still-works' })
  t.equal(claim.envelope.acquired, true, 'what needs no id goes on')
  const bodies = (await calls.everythingIn('general')).map(({ body }) => body)
  t.strictSame(bodies, ['the first', 'the last'])
  await stop()
  const db = new SqliteDatabase(storagePath, { readonly: true })
  t.teardown(() => db.close())
  t.equal(db.prepare('SELECT seq FROM sqlite_sequence').pluck().get(), MAX_ID, 'none was minted')
  t.strictSame(db.prepare('SELECT task_id FROM tasks').all(), [], 'and no task without its message')
})
