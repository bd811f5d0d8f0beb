// The row that is kept for each thread, whoever writes the messages.

import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import type { Submission } from '../../src/storage/commands.js'
import { SqliteBackend } from '../../src/storage/sqlite/backend.js'
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

t.test('a storage of the first schema goes on where it was', async (t) => {
  const storagePath = join(ownFolder(t), 'arc.sqlite3')
  const before = open(storagePath)
  before.apply([post('one', 'artifact')], [])
  before.close()
  const db = new Database(storagePath)
  t.teardown(() => db.close())
  db.exec(`DELETE FROM arc_migrations WHERE version > 1;
    DROP TRIGGER arc_threads_follow;
    CREATE TRIGGER arc_threads_follow AFTER INSERT ON messages WHEN NEW.thread_id IS NOT NULL BEGIN
      INSERT INTO arc_threads VALUES (NEW.thread_id, NEW.channel, NEW.id, NEW.ts, NULL, 1)
      ON CONFLICT(thread_id) DO UPDATE SET
        latest_message_id = excluded.latest_message_id, message_count = message_count + 1;
    END`)
  db.prepare(PLAIN).run('chat', 'one')
  const after = open(storagePath)
  t.teardown(() => after.close())
  after.apply([post('one', 'chat')], [])
  t.strictSame(db.prepare(ROWS).raw().all(), [['one', 'general', 3, 1, 3]])
})
