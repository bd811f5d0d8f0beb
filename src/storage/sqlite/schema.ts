// The database's tables: the six of the contract with the reference hub (PROTOCOL §11: same columns in the same order,
// since the reference inserts by position), and our own, with the prefix `arc_`, by numbered migrations.
//
// Triggers keep `arc_threads`, so it is right even if another implementation writes to the file. It makes the time of a
// thread's summary independent of the number of its messages.

import type { Database } from 'better-sqlite3'
import { ArcError } from '../../protocol/errors.js'

const CONTRACT: Readonly<Record<string, readonly string[]>> = {
  channels: ['name TEXT PRIMARY KEY', 'created_at TEXT', 'created_by TEXT', 'metadata_json TEXT'],
  messages: [
    'id INTEGER PRIMARY KEY AUTOINCREMENT',
    'ts TEXT',
    'from_agent TEXT',
    'to_agent TEXT',
    'channel TEXT',
    'kind TEXT',
    'body TEXT',
    'attachments_json TEXT',
    'reply_to INTEGER',
    'thread_id TEXT',
    'metadata_json TEXT',
  ],
  sessions: [
    'session_id TEXT PRIMARY KEY',
    'agent_id TEXT',
    'display_name TEXT',
    'capabilities_json TEXT',
    'metadata_json TEXT',
    'created_at TEXT',
    'last_seen TEXT',
    'active INTEGER',
  ],
  claims: [
    'claim_key TEXT PRIMARY KEY',
    'thread_id TEXT',
    'task_message_id INTEGER',
    'owner_agent_id TEXT',
    'claimed_at TEXT',
    'expires_at TEXT',
    'released_at TEXT',
    'metadata_json TEXT',
  ],
  locks: [
    'file_path TEXT PRIMARY KEY',
    'agent_id TEXT',
    'locked_at TEXT',
    'expires_at TEXT',
    'released_at TEXT',
    'metadata_json TEXT',
  ],
  tasks: [
    'task_id INTEGER PRIMARY KEY',
    'parent_task_id INTEGER',
    'channel TEXT',
    'thread_id TEXT',
    'status TEXT',
    'created_at TEXT',
    'completed_at TEXT',
  ],
}

/** Our own tables and indexes. A released migration never changes; another one follows it. */
const MIGRATIONS: readonly string[] = [
  // 1: indexes of the frequent queries, idempotency keys, and the state of hub processes
  `
  CREATE INDEX arc_messages_broadcast ON messages(id) WHERE to_agent IS NULL;
  CREATE INDEX arc_messages_channel ON messages(channel, id) WHERE to_agent IS NULL;
  CREATE INDEX arc_messages_direct ON messages(to_agent, id) WHERE to_agent IS NOT NULL;
  CREATE INDEX arc_messages_thread ON messages(thread_id, id) WHERE thread_id IS NOT NULL;
  CREATE INDEX arc_sessions_active ON sessions(agent_id) WHERE active = 1;
  CREATE INDEX arc_claims_thread ON claims(thread_id) WHERE thread_id IS NOT NULL;
  CREATE INDEX arc_claims_held ON claims(owner_agent_id) WHERE released_at IS NULL;
  CREATE INDEX arc_locks_held ON locks(agent_id) WHERE released_at IS NULL;
  CREATE INDEX arc_tasks_parent ON tasks(parent_task_id) WHERE parent_task_id IS NOT NULL;
  CREATE INDEX arc_tasks_thread ON tasks(thread_id, status) WHERE thread_id IS NOT NULL;
  CREATE INDEX arc_tasks_open ON tasks(task_id) WHERE status = 'open';

  CREATE TABLE arc_idempotency (
    scope TEXT NOT NULL, key TEXT NOT NULL, request_hash TEXT NOT NULL,
    status INTEGER NOT NULL, body TEXT NOT NULL, created_at_ms INTEGER NOT NULL,
    UNIQUE (scope, key)
  );

  CREATE TABLE arc_hub_state (
    hub_id TEXT NOT NULL, key TEXT NOT NULL, value_json TEXT NOT NULL, updated_at_ms INTEGER NOT NULL,
    PRIMARY KEY (hub_id, key)
  ) WITHOUT ROWID;

  CREATE TABLE arc_threads (
    thread_id TEXT PRIMARY KEY, channel TEXT, latest_message_id INTEGER NOT NULL, latest_message_ts TEXT,
    latest_artifact_id INTEGER, message_count INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX arc_threads_latest ON arc_threads(latest_message_id);
  INSERT INTO arc_threads
    SELECT thread_id, (SELECT channel FROM messages WHERE id = first_id), last_id,
      (SELECT ts FROM messages WHERE id = last_id), artifact_id, count
    FROM (
      SELECT thread_id, min(id) AS first_id, max(id) AS last_id,
        max(CASE WHEN kind = 'artifact' THEN id END) AS artifact_id, count(*) AS count
      FROM messages WHERE thread_id IS NOT NULL GROUP BY thread_id
    );
  `,
  // 2: keeps arc_threads. Not by an upsert: that may end half-way even if its insert says OR FAIL (statements.ts), so
  // SQLite would keep a journal for each insert.
  `
  DROP TRIGGER IF EXISTS arc_threads_follow;
  CREATE TRIGGER arc_threads_follow AFTER INSERT ON messages WHEN NEW.thread_id IS NOT NULL BEGIN
    UPDATE arc_threads SET
      latest_message_id = NEW.id, latest_message_ts = NEW.ts,
      latest_artifact_id = CASE WHEN NEW.kind = 'artifact' THEN NEW.id ELSE latest_artifact_id END,
      message_count = message_count + 1
    WHERE thread_id = NEW.thread_id;
    INSERT INTO arc_threads
      SELECT NEW.thread_id, NEW.channel, NEW.id, NEW.ts, CASE WHEN NEW.kind = 'artifact' THEN NEW.id END, 1
      WHERE changes() = 0;
  END;
  `,
  // 3: threads with counts of their tasks, and threads that only a task or a claim names; outcomes as data instead of
  // answers; an index of ended sessions in the order of their deletion.
  `
  DROP TRIGGER arc_threads_follow;
  DROP INDEX arc_threads_latest;
  ALTER TABLE arc_threads RENAME TO arc_threads_2;
  CREATE TABLE arc_threads (
    thread_id TEXT PRIMARY KEY, channel TEXT, latest_message_id INTEGER, latest_message_ts TEXT,
    latest_artifact_id INTEGER, message_count INTEGER NOT NULL, root_task_id INTEGER, first_task_id INTEGER,
    total_task_count INTEGER NOT NULL, open_task_count INTEGER NOT NULL
  ) WITHOUT ROWID;
  INSERT INTO arc_threads
    SELECT named.thread_id, said.channel, latest_message_id, latest_message_ts, latest_artifact_id, coalesce(message_count, 0),
      min(CASE WHEN parent_task_id IS NULL THEN task_id END), min(task_id), count(task_id), count(CASE WHEN status = 'open' THEN 1 END)
    FROM (
      SELECT thread_id FROM arc_threads_2
      UNION SELECT thread_id FROM tasks WHERE thread_id IS NOT NULL
      UNION SELECT thread_id FROM claims WHERE thread_id IS NOT NULL
    ) AS named
    LEFT JOIN arc_threads_2 AS said ON said.thread_id = named.thread_id
    LEFT JOIN tasks ON tasks.thread_id = named.thread_id
    GROUP BY named.thread_id;
  DROP TABLE arc_threads_2;
  CREATE INDEX arc_threads_latest ON arc_threads(latest_message_id);
  CREATE TRIGGER arc_threads_follow AFTER INSERT ON messages WHEN NEW.thread_id IS NOT NULL BEGIN
    UPDATE arc_threads SET
      channel = CASE WHEN message_count = 0 THEN NEW.channel ELSE channel END,
      latest_message_id = NEW.id, latest_message_ts = NEW.ts,
      latest_artifact_id = CASE WHEN NEW.kind = 'artifact' THEN NEW.id ELSE latest_artifact_id END,
      message_count = message_count + 1
    WHERE thread_id = NEW.thread_id;
    INSERT INTO arc_threads
      SELECT NEW.thread_id, NEW.channel, NEW.id, NEW.ts, CASE WHEN NEW.kind = 'artifact' THEN NEW.id END, 1, NULL, NULL, 0, 0
      WHERE changes() = 0;
  END;
  CREATE TRIGGER arc_threads_open_task AFTER INSERT ON tasks WHEN NEW.thread_id IS NOT NULL BEGIN
    INSERT INTO arc_threads
      SELECT NEW.thread_id, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, 0
      WHERE NOT EXISTS (SELECT 1 FROM arc_threads WHERE thread_id = NEW.thread_id);
    UPDATE arc_threads SET
      root_task_id = CASE WHEN NEW.parent_task_id IS NULL THEN min(coalesce(root_task_id, NEW.task_id), NEW.task_id) ELSE root_task_id END,
      first_task_id = min(coalesce(first_task_id, NEW.task_id), NEW.task_id),
      total_task_count = total_task_count + 1, open_task_count = open_task_count + (NEW.status = 'open')
    WHERE thread_id = NEW.thread_id;
  END;
  CREATE TRIGGER arc_threads_complete_task AFTER UPDATE OF status ON tasks WHEN NEW.thread_id IS NOT NULL BEGIN
    UPDATE arc_threads SET open_task_count = open_task_count + (NEW.status = 'open') - (OLD.status = 'open')
    WHERE thread_id = NEW.thread_id;
  END;
  CREATE TRIGGER arc_threads_claim AFTER INSERT ON claims WHEN NEW.thread_id IS NOT NULL BEGIN
    INSERT INTO arc_threads
      SELECT NEW.thread_id, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, 0
      WHERE NOT EXISTS (SELECT 1 FROM arc_threads WHERE thread_id = NEW.thread_id);
  END;

  CREATE TABLE arc_outcomes (
    scope TEXT NOT NULL, key TEXT NOT NULL, request_hash TEXT NOT NULL,
    code TEXT, text TEXT NOT NULL, is_new INTEGER NOT NULL, beside TEXT, created_at_ms INTEGER NOT NULL,
    UNIQUE (scope, key)
  );
  INSERT INTO arc_outcomes
    SELECT scope, key, request_hash,
      CASE WHEN status >= 400 THEN body ->> '$.code' END,
      CASE WHEN status >= 400 THEN body ->> '$.error' ELSE body -> '$.result' END,
      status = 201,
      CASE WHEN status < 400 THEN nullif(json_remove(body, '$.ok', '$.result'), '{}') END,
      created_at_ms
    FROM arc_idempotency ORDER BY rowid;
  DROP TABLE arc_idempotency;

  CREATE INDEX arc_sessions_ended ON sessions(last_seen) WHERE active = 0;
  `,
  // 4: what a session says of itself beyond the contract's columns (PROTOCOL §17)
  `
  CREATE TABLE arc_sessions (
    session_id TEXT PRIMARY KEY, presence_ttl_sec INTEGER, harness TEXT,
    pid INTEGER, process_started_at TEXT, process_mark TEXT
  ) WITHOUT ROWID;
  CREATE TRIGGER arc_sessions_follow AFTER DELETE ON sessions BEGIN
    DELETE FROM arc_sessions WHERE session_id = OLD.session_id;
  END;
  `,
  // 5: mailboxes and receipts (PROTOCOL §18). Nobody knows what was read before. A direct message counts as unread if its
  // addressee was not seen after it.
  `
  CREATE INDEX arc_sessions_agent ON sessions(agent_id, created_at);
  CREATE TABLE arc_mailboxes (
    agent_id TEXT PRIMARY KEY, begun_id INTEGER, ambient_id INTEGER NOT NULL, ambient_offered_id INTEGER NOT NULL,
    unread INTEGER NOT NULL, last_shown_id INTEGER
  ) WITHOUT ROWID;
  CREATE TABLE arc_receipts (
    message_id INTEGER NOT NULL, agent_id TEXT NOT NULL, from_agent TEXT NOT NULL, offers INTEGER NOT NULL,
    offer_id TEXT, offered_at TEXT, shown_at TEXT, acknowledged_at TEXT, via TEXT, note TEXT,
    PRIMARY KEY (message_id, agent_id)
  ) WITHOUT ROWID;
  CREATE INDEX arc_receipts_unread ON arc_receipts(agent_id, message_id)
    WHERE shown_at IS NULL AND acknowledged_at IS NULL;
  CREATE INDEX arc_receipts_from ON arc_receipts(from_agent, message_id)
    WHERE shown_at IS NULL AND acknowledged_at IS NULL;
  CREATE INDEX arc_receipts_offer ON arc_receipts(offer_id) WHERE offer_id IS NOT NULL;
  CREATE TABLE arc_offers (
    offer_id TEXT NOT NULL UNIQUE, agent_id TEXT NOT NULL, reader TEXT NOT NULL, lapses_at_ms INTEGER NOT NULL,
    ambient_from INTEGER NOT NULL, ambient_to INTEGER, ambient_before INTEGER NOT NULL, shown INTEGER
  );
  CREATE INDEX arc_offers_live ON arc_offers(agent_id, lapses_at_ms) WHERE shown IS NULL;
  INSERT INTO arc_receipts (message_id, agent_id, from_agent, offers)
    SELECT id, to_agent, from_agent, 0 FROM messages
    WHERE to_agent IS NOT NULL AND to_agent <> from_agent
      AND ts > coalesce((SELECT max(last_seen) FROM sessions WHERE agent_id = to_agent), '');
  INSERT INTO arc_mailboxes
    SELECT agent_id, latest, coalesce(latest, 0), coalesce(latest, 0),
      (SELECT count(*) FROM arc_receipts WHERE arc_receipts.agent_id = named.agent_id), NULL
    FROM (
      SELECT agent_id, (SELECT coalesce(max(id), 0) FROM messages) AS latest FROM sessions GROUP BY agent_id
      UNION ALL SELECT agent_id, NULL FROM arc_receipts
        WHERE agent_id NOT IN (SELECT agent_id FROM sessions) GROUP BY agent_id
    ) AS named;
  `,
  // 6: fences, and who waits for a lease (PROTOCOL §19). Triggers give the fences, so that they also grow where another
  // implementation takes a lease. A statement that replaces a row makes the statements of its triggers replace rows as
  // well, so a new fence is a new row.
  `
  CREATE TABLE arc_fences (fence INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, key, UNIQUE (kind, key));
  INSERT INTO arc_fences (kind, key) SELECT 'claim', claim_key FROM claims WHERE claim_key IS NOT NULL ORDER BY claimed_at;
  INSERT INTO arc_fences (kind, key) SELECT 'lock', file_path FROM locks WHERE file_path IS NOT NULL ORDER BY locked_at;
  CREATE TRIGGER arc_fences_claim AFTER INSERT ON claims BEGIN
    DELETE FROM arc_fences WHERE kind = 'claim' AND key = NEW.claim_key;
    INSERT INTO arc_fences (kind, key) VALUES ('claim', NEW.claim_key);
  END;
  CREATE TRIGGER arc_fences_claim_again AFTER UPDATE ON claims WHEN NEW.owner_agent_id IS NOT OLD.owner_agent_id
    OR NEW.claimed_at IS NOT OLD.claimed_at OR (OLD.released_at IS NOT NULL AND NEW.released_at IS NULL)
  BEGIN
    DELETE FROM arc_fences WHERE kind = 'claim' AND key = NEW.claim_key;
    INSERT INTO arc_fences (kind, key) VALUES ('claim', NEW.claim_key);
  END;
  CREATE TRIGGER arc_fences_lock AFTER INSERT ON locks BEGIN
    DELETE FROM arc_fences WHERE kind = 'lock' AND key = NEW.file_path;
    INSERT INTO arc_fences (kind, key) VALUES ('lock', NEW.file_path);
  END;
  CREATE TRIGGER arc_fences_lock_again AFTER UPDATE ON locks WHEN NEW.agent_id IS NOT OLD.agent_id
    OR NEW.locked_at IS NOT OLD.locked_at OR (OLD.released_at IS NOT NULL AND NEW.released_at IS NULL)
  BEGIN
    DELETE FROM arc_fences WHERE kind = 'lock' AND key = NEW.file_path;
    INSERT INTO arc_fences (kind, key) VALUES ('lock', NEW.file_path);
  END;
  CREATE TABLE arc_waits (
    place INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, key TEXT NOT NULL, agent_id TEXT NOT NULL,
    since TEXT NOT NULL, seen_ms INTEGER NOT NULL, is_away INTEGER NOT NULL, UNIQUE (kind, key, agent_id)
  );
  CREATE INDEX arc_waits_agent ON arc_waits(agent_id);
  `,
  // 7: the claims of a task (PROTOCOL §20)
  `
  CREATE INDEX arc_claims_task ON claims(task_message_id) WHERE released_at IS NULL;
  `,
  // 8: scopes and slots (PROTOCOL §19)
  `
  CREATE TABLE arc_slots (
    name TEXT NOT NULL, agent_id TEXT NOT NULL, capacity INTEGER NOT NULL, acquired_at TEXT NOT NULL,
    expires_at TEXT NOT NULL, fence INTEGER NOT NULL, PRIMARY KEY (name, agent_id)
  ) WITHOUT ROWID;
  CREATE TABLE arc_scopes (
    scope_id INTEGER PRIMARY KEY, agent_id TEXT NOT NULL, globs_json TEXT NOT NULL, mode TEXT NOT NULL, reason TEXT,
    acquired_at TEXT NOT NULL, expires_at TEXT NOT NULL, metadata_json TEXT NOT NULL
  );
  CREATE INDEX arc_scopes_agent ON arc_scopes(agent_id);
  CREATE INDEX arc_slots_agent ON arc_slots(agent_id);
  ALTER TABLE arc_waits ADD COLUMN capacity INTEGER;
  `,
]

/** Changes nothing. @throws ArcError when a table of the contract has other columns */
export function checkContract(db: Database): void {
  for (const [table, columns] of Object.entries(CONTRACT)) {
    const found = (db.pragma(`table_info(${table})`) as { name: string }[]).map((column) => column.name)
    const expected = columns.map((column) => column.split(' ')[0])
    if (found.length === 0 || found.join() === expected.join()) continue
    const text = `${db.name} is not an Arc database: its table ${table} has the columns ${found.join(', ')}, not ${expected.join(', ')}; choose another file with --storage`
    throw new ArcError('storage_unusable', text)
  }
}

/** Creates missing tables, and migrates our own to the newest version, or, for a test, to an earlier one. */
export function prepareSchema(db: Database, version = MIGRATIONS.length): void {
  db.transaction(() => {
    for (const [table, columns] of Object.entries(CONTRACT)) {
      db.exec(`CREATE TABLE IF NOT EXISTS ${table} (${columns.join(', ')})`)
    }
    migrate(db, version)
  }).immediate()
}

function migrate(db: Database, version: number): void {
  db.exec('CREATE TABLE IF NOT EXISTS arc_migrations (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)')
  const done = db.prepare('SELECT coalesce(max(version), 0) FROM arc_migrations').pluck().get() as number
  if (done > MIGRATIONS.length) {
    const text = `${db.name} was last used by a newer version of Arc (schema ${done}); update with: npm install arc-hub@latest`
    throw new ArcError('storage_unusable', text)
  }
  for (const [i, sql] of MIGRATIONS.entries()) {
    if (i < done || i >= version) continue
    db.exec(sql)
    db.prepare('INSERT INTO arc_migrations VALUES (?, ?)').run(i + 1, new Date().toISOString())
  }
}
