// SQLite's text for each statement of the rules (`rules/statements.ts`).

import type { ThreadPage } from '../rules/statements.js'
import { LEASE_STATEMENTS } from './lease-statements.js'
import { MAILBOX_STATEMENTS } from './mailbox-statements.js'
import { messagePageText } from './message-pages.js'
import { ACTIVE_LEASE, type Texts, where } from './statement-text.js'
import { TASK_STATEMENTS } from './task-statements.js'

/** A row of `arc_threads` without messages and tasks exists because of a claim, which may no longer name the thread. */
const IS_NAMED = `(message_count > 0 OR total_task_count > 0
  OR EXISTS (SELECT 1 FROM claims WHERE claims.thread_id = arc_threads.thread_id))`

/** Sessions with what only our hubs know of them. */
const SESSIONS = 'sessions LEFT JOIN arc_sessions USING (session_id)'
const SESSION_COLUMNS = 'sessions.*, presence_ttl_sec, harness, pid, process_started_at'
/** Before this time a session's last sign of life is too old. */
const SEEN_SINCE = `CASE WHEN presence_ttl_sec IS NULL THEN @since
  ELSE strftime('%Y-%m-%dT%H:%M:%SZ', unixepoch(@now) - presence_ttl_sec, 'unixepoch') END`

export const STATEMENTS: Texts = {
  'channel.find': 'SELECT * FROM channels WHERE name = @name',
  'channel.insert':
    'INSERT OR IGNORE INTO channels (name, created_at, created_by, metadata_json) VALUES (@name, @now, @createdBy, @metadata)',
  'channel.list': 'SELECT * FROM channels ORDER BY name',

  'session.ofAgent': `SELECT ${SESSION_COLUMNS} FROM ${SESSIONS} WHERE agent_id = @agentId AND active = 1
    ORDER BY created_at DESC LIMIT 1`,
  'session.lastOfAgent': `SELECT ${SESSION_COLUMNS} FROM ${SESSIONS} WHERE agent_id = @agentId
    ORDER BY created_at DESC, active DESC LIMIT 1`,
  'session.live': `SELECT ${SESSION_COLUMNS} FROM ${SESSIONS} WHERE active = 1 AND last_seen >= ${SEEN_SINCE}
    ORDER BY agent_id`,
  'session.insert': `INSERT INTO sessions (session_id, agent_id, display_name, capabilities_json, metadata_json, created_at, last_seen, active)
    VALUES (@session_id, @agent_id, @display_name, @capabilities_json, @metadata_json, @created_at, @last_seen, 1)`,
  'session.insertExtras': `INSERT INTO arc_sessions
    VALUES (@session_id, @presence_ttl_sec, @harness, @pid, @process_started_at, @process_mark)`,
  'session.bound': `SELECT session_id, agent_id, last_seen, presence_ttl_sec, pid, process_mark FROM ${SESSIONS}
    WHERE active = 1 AND process_mark LIKE @place || '%'`,
  'session.active':
    'SELECT rowid AS ref, agent_id FROM sessions WHERE session_id = @sessionId AND active = 1',
  'session.deactivate': 'UPDATE sessions SET active = 0 WHERE agent_id = @agentId AND active = 1',
  'session.close': 'UPDATE sessions SET active = 0 WHERE session_id = @sessionId AND active = 1',
  'session.rename':
    'UPDATE sessions SET display_name = @displayName WHERE agent_id = @agentId AND active = 1',
  'session.touch':
    'UPDATE sessions SET last_seen = @now WHERE active = 1 AND agent_id IN (SELECT value FROM json_each(@agentIds))',
  'session.touchAll': `UPDATE sessions SET last_seen = @seenAt WHERE active = 1 AND rowid IN
    (SELECT sessions.rowid FROM ${SESSIONS} WHERE active = 1 AND last_seen >= ${SEEN_SINCE})`,
  'session.expired': `SELECT sessions.rowid AS ref, agent_id FROM ${SESSIONS}
    WHERE active = 1 AND last_seen < ${SEEN_SINCE} ORDER BY agent_id`,
  'session.end': 'UPDATE sessions SET active = 0 WHERE rowid = @ref',
  'session.forget': `DELETE FROM sessions WHERE rowid IN (
    SELECT rowid FROM sessions WHERE active = 0 ORDER BY last_seen
    LIMIT max(0, min(@limit, (SELECT count(*) FROM sessions WHERE active = 0) - @keep)))`,

  // OR FAIL: the transaction or the savepoint undoes an insert that fails. By default SQLite would undo it by itself,
  // because of the trigger, with a journal that takes a quarter of the insert's time.
  'message.insert': {
    text: `INSERT OR FAIL INTO messages (ts, from_agent, to_agent, channel, kind, body, attachments_json, reply_to, thread_id, metadata_json)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    bind: (row) => [
      row.ts,
      row.from_agent,
      row.to_agent,
      row.channel,
      row.kind,
      row.body,
      row.attachments_json,
      row.reply_to,
      row.thread_id,
      row.metadata_json,
    ],
  },
  'message.latestId': 'SELECT coalesce(max(id), 0) AS id FROM messages',
  'message.latestVisible': `SELECT max(coalesce((SELECT max(id) FROM messages WHERE to_agent IS NULL), 0),
      coalesce((SELECT max(id) FROM messages WHERE to_agent = @agentId), 0)) AS id`,
  'message.after': 'SELECT * FROM messages WHERE id > @id ORDER BY id LIMIT @limit',
  'message.page': messagePageText,
  'message.ofThread': 'SELECT * FROM messages WHERE thread_id = @threadId ORDER BY id',

  'message.find': 'SELECT * FROM messages WHERE id = @id',
  'message.authorsIn': `SELECT id, from_agent FROM messages
    WHERE channel = @channel AND to_agent IS NULL ORDER BY id DESC LIMIT @limit`,
  'message.authorsTo': `SELECT id, from_agent FROM messages
    WHERE to_agent = @agentId ORDER BY id DESC LIMIT @limit`,
  'message.author': 'SELECT from_agent FROM messages WHERE id = @id',
  'message.lastOf':
    'SELECT * FROM messages WHERE from_agent = @agentId AND id > @sinceId ORDER BY id DESC LIMIT 1',

  ...MAILBOX_STATEMENTS,

  'thread.find': summaries(`SELECT * FROM arc_threads WHERE thread_id = @threadId AND ${IS_NAMED}`),
  'thread.page': pageOfThreads,

  ...TASK_STATEMENTS,

  ...leaseTexts('claim', { table: 'claims', key: 'claim_key', owner: 'owner_agent_id', since: 'claimed_at' }),
  'claim.take': `INSERT OR REPLACE INTO claims (claim_key, thread_id, task_message_id, owner_agent_id, claimed_at, expires_at, released_at, metadata_json)
    VALUES (@key, @threadId, @taskMessageId, @owner, @now, @expiresAt, NULL, @metadata)`,
  ...leaseTexts('lock', { table: 'locks', key: 'file_path', owner: 'agent_id', since: 'locked_at' }),
  'lock.take': `INSERT OR REPLACE INTO locks (file_path, agent_id, locked_at, expires_at, released_at, metadata_json)
    VALUES (@key, @owner, @now, @expiresAt, NULL, @metadata)`,

  ...LEASE_STATEMENTS,

  'outcome.find': {
    text: `SELECT request_hash, code, text, is_new, beside FROM arc_outcomes
      WHERE scope = ? AND key = ? AND created_at_ms >= ?`,
    bind: ({ scope, key, since }) => [scope, key, since],
  },
  'outcome.store': {
    text: 'INSERT OR REPLACE INTO arc_outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    bind: (row) => [
      row.scope,
      row.key,
      row.request_hash,
      row.code,
      row.text,
      row.is_new,
      row.beside,
      row.nowMs,
    ],
  },
  'outcome.forget': `DELETE FROM arc_outcomes WHERE rowid IN
    (SELECT rowid FROM (SELECT rowid, created_at_ms FROM arc_outcomes ORDER BY rowid LIMIT @limit)
     WHERE created_at_ms < @before)`,

  'hubState.find': 'SELECT value_json FROM arc_hub_state WHERE hub_id = @hubId AND key = @key',
  'hubState.set': 'INSERT OR REPLACE INTO arc_hub_state VALUES (@hubId, @key, @value, @nowMs)',
  'hubState.delete': 'DELETE FROM arc_hub_state WHERE hub_id = @hubId AND key = @key',
  'hubState.forget': 'DELETE FROM arc_hub_state WHERE updated_at_ms < @before',

  'status.counts': `SELECT (SELECT count(*) FROM sessions WHERE active = 1) AS agents,
    (SELECT count(*) FROM channels) AS channels,
    (SELECT coalesce(max(id), 0) FROM messages) AS messages,
    (SELECT count(*) FROM tasks WHERE status = 'open') AS open_tasks,
    (SELECT count(*) FROM claims WHERE ${ACTIVE_LEASE} @now) AS active_claims,
    (SELECT count(*) FROM locks WHERE ${ACTIVE_LEASE} @now) AS active_locks`,
}

interface LeaseColumns {
  readonly table: string
  readonly key: string
  readonly owner: string
  readonly since: string
}

type LeaseTexts<Noun extends 'claim' | 'lock'> = Pick<
  Texts,
  `${Noun}.${'active' | 'find' | 'extend' | 'release' | 'list' | 'ofSession' | 'at' | 'end'}`
>

/** Claims and locks differ in their columns' names; only claims have a thread of their own. */
function leaseTexts<Noun extends 'claim' | 'lock'>(noun: Noun, columns: LeaseColumns): LeaseTexts<Noun> {
  const { table, key, owner, since } = columns
  const list: Texts['claim.list'] = (filter) => {
    const those = where(
      filter.owner !== undefined && `${owner} = @owner`,
      filter.threadId !== undefined && 'thread_id = @threadId',
      filter.activeAt !== undefined && `${ACTIVE_LEASE} @activeAt`,
    )
    return { text: `SELECT * FROM ${table} ${those} ORDER BY ${since}, ${key}`, values: filter }
  }
  const texts = {
    active: `SELECT * FROM ${table} WHERE ${key} = @key AND ${ACTIVE_LEASE} @now`,
    find: `SELECT * FROM ${table} WHERE ${key} = @key`,
    extend: `UPDATE ${table} SET expires_at = @expiresAt WHERE ${key} = @key`,
    release: `UPDATE ${table} SET released_at = @now WHERE ${key} = @key`,
    list,
    ofSession: `SELECT rowid AS ref FROM ${table}
      WHERE ${owner} = (SELECT agent_id FROM sessions WHERE rowid = @session) AND ${ACTIVE_LEASE} @now
      ORDER BY ${since}, ${key}`,
    at: `SELECT * FROM ${table} WHERE rowid = @ref`,
    end: `UPDATE ${table} SET released_at = @now WHERE rowid = @ref`,
  }
  const named = Object.entries(texts).map(([verb, text]) => [`${noun}.${verb}`, text])
  return Object.fromEntries(named) as LeaseTexts<Noun>
}

/** The thread summaries of some rows of `arc_threads`. */
function summaries(rows: string): string {
  return `SELECT thread_id,
      coalesce((SELECT channel FROM tasks WHERE task_id = root_task_id), channel,
        (SELECT channel FROM tasks WHERE task_id = first_task_id)) AS channel,
      root_task_id, latest_message_id, latest_message_ts, latest_artifact_id,
      message_count, total_task_count, open_task_count,
      (SELECT count(*) FROM claims WHERE claims.thread_id = named.thread_id AND ${ACTIVE_LEASE} @now) AS active_claim_count
    FROM (${rows}) AS named
    ORDER BY latest_message_id DESC, thread_id DESC`
}

/** Threads with messages, by their newest message; then those without, by name. */
function pageOfThreads({ after, limit, now }: ThreadPage): { text: string; values: object } {
  const inOrder = `ORDER BY latest_message_id DESC, thread_id DESC ${limit === undefined ? '' : 'LIMIT @limit'}`
  const branch = (condition: string) =>
    `SELECT * FROM (SELECT * FROM arc_threads WHERE ${condition} ${inOrder})`
  const isNewer =
    after && after.latestMessageId !== null
      ? 'latest_message_id < @latestMessageId'
      : 'latest_message_id IS NOT NULL'
  const isLater = after && after.latestMessageId === null ? 'thread_id < @threadId AND' : ''
  const branches = [
    ...(after && after.latestMessageId === null ? [] : [branch(isNewer)]),
    branch(`latest_message_id IS NULL AND ${isLater} ${IS_NAMED}`),
  ]
  const text = summaries(branches.join(' UNION ALL '))
  return { text: limit === undefined ? text : `${text} LIMIT @limit`, values: { ...after, limit, now } }
}
