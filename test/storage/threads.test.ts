// The row that is kept for each thread, whoever writes the messages.

import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import type { ThreadSummary } from '../../src/protocol/objects.js'
import type { Submission } from '../../src/storage/commands.js'
import { SqliteBackend } from '../../src/storage/sqlite/backend.js'
import { prepareSchema } from '../../src/storage/sqlite/schema.js'
import { ownFolder } from '../support/folder.js'

function open(storagePath: string): SqliteBackend {
  return SqliteBackend.open({ storagePath, hubId: 'test', presenceTtlSec: 120, allowRemote: false, log() {} })
}

function post(thread_id: string, kind: 'chat' | 'artifact'): Submission {
  const input = { from_agent: 'a', body: 'b', kind, thread_id, attachments: '[]', metadata: '{}' }
  return { command: { op: 'message.post', input } }
}

/** As another hub writes them that knows the six tables only. */
const PLAIN = `INSERT INTO messages (ts, from_agent, channel, kind, body, thread_id)
  VALUES ('2026-01-02T03:04:05.678Z', 'b', 'general', ?, 'b', ?)`

const ROWS =
  'SELECT thread_id, channel, latest_message_id, latest_artifact_id, message_count FROM arc_threads'

t.test('each message counts, ours and those of another', async (t) => {
  const backend = open(join(ownFolder(t), 'arc.sqlite3'))
  t.teardown(() => backend.close())
  const db = new Database(backend.facts.storagePath)
  t.teardown(() => db.close())
  backend.apply([post('one', 'chat'), post('two', 'artifact'), post('one', 'artifact')], [])
  db.prepare(PLAIN).run('chat', 'one')
  db.prepare(PLAIN).run('artifact', 'three')
  backend.apply([post('two', 'chat')], [])
  t.strictSame(db.prepare(`${ROWS} ORDER BY latest_message_id`).raw().all(), [
    ['one', 'general', 4, 3, 3],
    ['three', 'general', 5, 5, 1],
    ['two', 'general', 6, 2, 2],
  ])
})

const FIRST_TRIGGER = `
  CREATE TRIGGER arc_threads_follow AFTER INSERT ON messages WHEN NEW.thread_id IS NOT NULL BEGIN
    INSERT INTO arc_threads VALUES (NEW.thread_id, NEW.channel, NEW.id, NEW.ts, NULL, 1)
    ON CONFLICT(thread_id) DO UPDATE SET
      latest_message_id = excluded.latest_message_id, message_count = message_count + 1;
  END`

t.test('a storage of an earlier schema goes on where it was', async (t) => {
  for (const version of [1, 2]) {
    const storagePath = join(ownFolder(t), 'arc.sqlite3')
    const db = new Database(storagePath)
    t.teardown(() => db.close())
    prepareSchema(db, version)
    if (version === 1) db.exec(FIRST_TRIGGER)
    db.exec(`INSERT INTO channels VALUES ('general', '2026-01-01T00:00:00Z', 'system', '{}');
      INSERT INTO tasks VALUES (1, NULL, 'plans', 'one', 'done', '', ''), (2, 1, 'plans', 'one', 'open', '', NULL);
      INSERT INTO claims VALUES ('k', 'claimed', NULL, 'a', '', '', NULL, '{}');`)
    db.prepare(PLAIN).run('artifact', 'one')
    const answer = db.prepare('INSERT INTO arc_idempotency VALUES (?, ?, ?, ?, ?, ?)')
    const now = Date.now()
    answer.run('http', 'made', 'h', 201, '{"ok":true,"result":{"id":1},"acquired":true}', now)
    answer.run('http', 'refused', 'h', 404, '{"ok":false,"error":"not there","code":"not_found"}', now)
    const backend = open(storagePath)
    t.teardown(() => backend.close())
    backend.apply([post('one', 'chat')], [])
    t.match(summaries(backend), [
      {
        thread_id: 'one',
        channel: 'plans',
        root_task_id: 1,
        message_count: 2,
        total_task_count: 2,
        open_task_count: 1,
      },
      { thread_id: 'claimed', channel: null, message_count: 0, total_task_count: 0 },
    ])
    const repeated = ['made', 'refused'].map((key) => ({
      ...post('again', 'chat'),
      idempotency: { scope: 'http', key, requestHash: 'h' },
    }))
    t.match(backend.apply(repeated, []).outcomes, [
      { result: '{"id":1}', isNew: true, beside: { acquired: true }, isReplayed: true },
      { code: 'not_found', error: 'not there', isReplayed: true },
    ])
  }
})

t.test('tasks count as they are opened and completed, whoever does it', async (t) => {
  const backend = open(join(ownFolder(t), 'arc.sqlite3'))
  t.teardown(() => backend.close())
  const db = new Database(backend.facts.storagePath)
  t.teardown(() => db.close())
  db.exec(`INSERT INTO tasks VALUES (5, 4, 'side', 't', 'open', '', NULL), (7, NULL, 'plans', 't', 'open', '', NULL);
    UPDATE tasks SET status = 'done' WHERE task_id = 5;
    INSERT OR REPLACE INTO claims VALUES ('k', 'elsewhere', NULL, 'a', '', '2099', NULL, '{}');
    INSERT OR REPLACE INTO claims VALUES ('k', 't', NULL, 'a', '', '2099', NULL, '{}');`)
  t.match(summaries(backend), [
    {
      thread_id: 't',
      channel: 'plans',
      root_task_id: 7,
      total_task_count: 2,
      open_task_count: 1,
      active_claim_count: 1,
    },
  ])
})

function summaries(backend: SqliteBackend): ThreadSummary[] {
  const found = JSON.parse(backend.query({ op: 'threads.list', input: {} }).result) as ThreadSummary[]
  return found
}
