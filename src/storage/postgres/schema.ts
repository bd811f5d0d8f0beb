// The tables of a room in PostgreSQL, in the schema `arc` of a database of its own, by numbered migrations.
//
// `arc.log` has one row: the room's counter. Every transaction that writes locks it first, so the transactions of all hubs
// run one after another, ids have no gaps, and their order is the order of commits. The statements keep the counts of
// threads and the fences (statements.ts), so there are no triggers, and an import can fill the tables as they are.
//
// A path may have 16 KB, and an entry of an index less than 2.7 KB. So the indexes of paths hold their hashes.

/** Text compared by its bytes, as SQLite compares it, whatever the database's language. */
const WORD = 'text COLLATE "C"'

/** A released migration never changes; another one follows it. */
export const MIGRATIONS: readonly string[] = [
  // 1: everything that SQLite's schema has after its eighth migration
  `
  CREATE TABLE arc.log (
    room integer PRIMARY KEY CHECK (room = 1), instance_id text NOT NULL, last_id bigint NOT NULL, last_ms bigint NOT NULL,
    commits bigint NOT NULL, epoch bigint NOT NULL, origin text NOT NULL
  ) WITH (fillfactor = 10);

  CREATE TABLE arc.channels (name ${WORD} PRIMARY KEY, created_at text, created_by text, metadata_json text);
  CREATE TABLE arc.messages (
    id bigint PRIMARY KEY, ts ${WORD}, from_agent ${WORD}, to_agent ${WORD}, channel ${WORD}, kind text, body text,
    attachments_json text, reply_to bigint, thread_id ${WORD}, metadata_json text
  );
  CREATE INDEX messages_broadcast ON arc.messages (id) WHERE to_agent IS NULL;
  CREATE INDEX messages_channel ON arc.messages (channel, id) WHERE to_agent IS NULL;
  CREATE INDEX messages_direct ON arc.messages (to_agent, id) WHERE to_agent IS NOT NULL;
  CREATE INDEX messages_thread ON arc.messages (thread_id, id) WHERE thread_id IS NOT NULL;

  CREATE TABLE arc.sessions (
    session_id ${WORD} PRIMARY KEY, agent_id ${WORD}, display_name text, capabilities_json text, metadata_json text,
    created_at ${WORD}, last_seen ${WORD}, active integer, presence_ttl_sec integer, harness text, pid bigint,
    process_started_at text, process_mark text
  );
  CREATE INDEX sessions_active ON arc.sessions (agent_id) WHERE active = 1;
  CREATE INDEX sessions_agent ON arc.sessions (agent_id, created_at);
  CREATE INDEX sessions_ended ON arc.sessions (last_seen) WHERE active = 0;

  CREATE TABLE arc.claims (
    claim_key ${WORD} PRIMARY KEY, thread_id ${WORD}, task_message_id bigint, owner_agent_id ${WORD}, claimed_at ${WORD},
    expires_at ${WORD}, released_at ${WORD}, metadata_json text
  );
  CREATE INDEX claims_thread ON arc.claims (thread_id) WHERE thread_id IS NOT NULL;
  CREATE INDEX claims_held ON arc.claims (owner_agent_id) WHERE released_at IS NULL;
  CREATE INDEX claims_task ON arc.claims (task_message_id) WHERE released_at IS NULL;
  CREATE TABLE arc.locks (
    file_path ${WORD} NOT NULL, agent_id ${WORD}, locked_at ${WORD}, expires_at ${WORD}, released_at ${WORD},
    metadata_json text
  );
  CREATE UNIQUE INDEX locks_path ON arc.locks (md5(file_path));
  CREATE INDEX locks_held ON arc.locks (agent_id) WHERE released_at IS NULL;

  CREATE TABLE arc.tasks (
    task_id bigint PRIMARY KEY, parent_task_id bigint, channel ${WORD}, thread_id ${WORD}, status text, created_at text,
    completed_at text
  );
  CREATE INDEX tasks_parent ON arc.tasks (parent_task_id) WHERE parent_task_id IS NOT NULL;
  CREATE INDEX tasks_thread ON arc.tasks (thread_id, status) WHERE thread_id IS NOT NULL;
  CREATE INDEX tasks_open ON arc.tasks (task_id) WHERE status = 'open';
  CREATE TABLE arc.threads (
    thread_id ${WORD} PRIMARY KEY, channel text, latest_message_id bigint, latest_message_ts text,
    latest_artifact_id bigint, message_count bigint NOT NULL, root_task_id bigint, first_task_id bigint,
    total_task_count bigint NOT NULL, open_task_count bigint NOT NULL
  );
  CREATE INDEX threads_latest ON arc.threads (latest_message_id DESC NULLS LAST, thread_id DESC);

  CREATE TABLE arc.outcomes (
    scope ${WORD} NOT NULL, key ${WORD} NOT NULL, request_hash text NOT NULL, code text, text text NOT NULL,
    is_new integer NOT NULL, beside text, created_at_ms bigint NOT NULL, PRIMARY KEY (scope, key)
  );
  CREATE INDEX outcomes_age ON arc.outcomes (created_at_ms);
  CREATE TABLE arc.hub_state (
    hub_id ${WORD} NOT NULL, key ${WORD} NOT NULL, value_json text NOT NULL, updated_at_ms bigint NOT NULL,
    PRIMARY KEY (hub_id, key)
  );

  CREATE TABLE arc.mailboxes (
    agent_id ${WORD} PRIMARY KEY, begun_id bigint, ambient_id bigint NOT NULL, ambient_offered_id bigint NOT NULL,
    unread bigint NOT NULL, last_shown_id bigint
  );
  CREATE TABLE arc.receipts (
    message_id bigint NOT NULL, agent_id ${WORD} NOT NULL, from_agent ${WORD} NOT NULL, offers bigint NOT NULL,
    offer_id ${WORD}, offered_at text, shown_at text, acknowledged_at text, via text, note text,
    PRIMARY KEY (message_id, agent_id)
  );
  CREATE INDEX receipts_unread ON arc.receipts (agent_id, message_id)
    WHERE shown_at IS NULL AND acknowledged_at IS NULL;
  CREATE INDEX receipts_from ON arc.receipts (from_agent, message_id)
    WHERE shown_at IS NULL AND acknowledged_at IS NULL;
  CREATE INDEX receipts_offer ON arc.receipts (offer_id) WHERE offer_id IS NOT NULL;
  CREATE TABLE arc.offers (
    offer_id ${WORD} PRIMARY KEY, agent_id ${WORD} NOT NULL, reader ${WORD} NOT NULL, lapses_at_ms bigint NOT NULL,
    ambient_from bigint NOT NULL, ambient_to bigint, ambient_before bigint NOT NULL, shown bigint
  );
  CREATE INDEX offers_live ON arc.offers (agent_id, lapses_at_ms) WHERE shown IS NULL;
  CREATE INDEX offers_age ON arc.offers (lapses_at_ms);

  CREATE TABLE arc.fences (
    fence bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, kind ${WORD} NOT NULL, key ${WORD}
  );
  CREATE UNIQUE INDEX fences_key ON arc.fences (kind, md5(key));
  CREATE TABLE arc.waits (
    place bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, kind ${WORD} NOT NULL, key ${WORD} NOT NULL,
    agent_id ${WORD} NOT NULL, since text NOT NULL, seen_ms bigint NOT NULL, is_away integer NOT NULL, capacity integer
  );
  CREATE UNIQUE INDEX waits_place ON arc.waits (kind, md5(key), agent_id);
  CREATE INDEX waits_agent ON arc.waits (agent_id);
  CREATE TABLE arc.slots (
    name ${WORD} NOT NULL, agent_id ${WORD} NOT NULL, capacity integer NOT NULL, acquired_at text NOT NULL,
    expires_at ${WORD} NOT NULL, fence bigint NOT NULL, PRIMARY KEY (name, agent_id)
  );
  CREATE INDEX slots_agent ON arc.slots (agent_id);
  CREATE TABLE arc.scopes (
    scope_id bigint PRIMARY KEY, agent_id ${WORD} NOT NULL, globs_json ${WORD} NOT NULL, mode ${WORD} NOT NULL, reason text,
    acquired_at text NOT NULL, expires_at ${WORD} NOT NULL, metadata_json text NOT NULL
  );
  CREATE INDEX scopes_agent ON arc.scopes (agent_id);
  `,
  // 2: the last batch that went in one statement (flight.ts)
  'ALTER TABLE arc.log ADD COLUMN flight text',
]
