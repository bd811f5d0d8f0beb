// PostgreSQL's text for each statement of the rules (`rules/statements.ts`).

import type { ThreadPage } from '../rules/statements.js'
import { bounded, LISTING, PAGE } from './answer-size.js'
import { LEASE_STATEMENTS } from './lease-statements.js'
import { MAILBOX_STATEMENTS } from './mailbox-statements.js'
import { messagePageText } from './message-pages.js'
import { ACTIVE_LEASE, NOW_MS, type Texts } from './statement-text.js'
import { TASK_STATEMENTS } from './task-statements.js'

/** A row of `arc.threads` without messages and tasks exists because of a claim, which may no longer name the thread. */
const IS_NAMED = `(message_count > 0 OR total_task_count > 0
  OR EXISTS (SELECT 1 FROM arc.claims WHERE claims.thread_id = threads.thread_id))`

/** Before this time a session's last sign of life is too old. */
const SEEN_SINCE = `CASE WHEN presence_ttl_sec IS NULL THEN @since
  ELSE to_char((@now::timestamptz AT TIME ZONE 'UTC') - make_interval(secs => presence_ttl_sec), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END`

/** The columns of a message, in the order of `message.insert`. */
export const MESSAGE_COLUMNS = [
  'ts',
  'from_agent',
  'to_agent',
  'channel',
  'kind',
  'body',
  'attachments_json',
  'reply_to',
  'thread_id',
  'metadata_json',
] as const

/** Messages, given as one list for each column. */
const GIVEN_MESSAGES = `SELECT * FROM unnest(@id::bigint[], @ts::text[], @from_agent::text[], @to_agent::text[],
    @channel::text[], @kind::text[], @body::text[], @attachments_json::text[], @reply_to::bigint[], @thread_id::text[],
    @metadata_json::text[]) AS message (id, ${MESSAGE_COLUMNS.join(', ')})`
/** The summaries of the threads of new messages. */
const SAID = `said AS (
    INSERT INTO arc.threads
      SELECT thread_id, (array_agg(channel ORDER BY id))[1], max(id), (array_agg(ts ORDER BY id DESC))[1],
        max(id) FILTER (WHERE kind = 'artifact'), count(*), NULL, NULL, 0, 0
      FROM new WHERE thread_id IS NOT NULL GROUP BY thread_id
    ON CONFLICT (thread_id) DO UPDATE SET
      channel = CASE WHEN threads.message_count = 0 THEN excluded.channel ELSE threads.channel END,
      latest_message_id = excluded.latest_message_id, latest_message_ts = excluded.latest_message_ts,
      latest_artifact_id = coalesce(excluded.latest_artifact_id, threads.latest_artifact_id),
      message_count = threads.message_count + excluded.message_count
  )`
const NEW_MESSAGES = `new AS (${GIVEN_MESSAGES}), ${SAID}`
const INSERT_MESSAGES = `INSERT INTO arc.messages (id, ${MESSAGE_COLUMNS.join(', ')}) SELECT * FROM new`

/** Outcomes, given as one list for each column. */
const NEW_OUTCOMES = `INSERT INTO arc.outcomes (scope, key, request_hash, code, text, is_new, beside, created_at_ms)
  SELECT * FROM unnest(@scope::text[], @key::text[], @request_hash::text[], @code::text[], @text::text[],
    @is_new::integer[], @beside::text[], @nowMs::bigint[])`
const INSERT_OUTCOMES = `${NEW_OUTCOMES}
  ON CONFLICT (scope, key) DO UPDATE SET request_hash = excluded.request_hash, code = excluded.code,
    text = excluded.text, is_new = excluded.is_new, beside = excluded.beside, created_at_ms = excluded.created_at_ms`

/** The end of a transaction: the messages and outcomes that it still has to store, and the room's counter. */
export function lastWrite(hasMessages: boolean, hasOutcomes: boolean): string {
  const parts = [
    ...(hasMessages ? [`${NEW_MESSAGES}, stored AS (${INSERT_MESSAGES})`] : []),
    ...(hasOutcomes ? [`kept AS (${INSERT_OUTCOMES})`] : []),
  ]
  const first = parts.length > 0 ? `WITH ${parts.join(', ')}` : ''
  return `${first} UPDATE arc.log SET last_id = @counter, last_ms = @counterMs, commits = commits + 1`
}

/** The room's counter, locked, if it is as expected. */
const ROOM = `room AS MATERIALIZED (SELECT FROM arc.log
    WHERE commits = @commits AND last_id = @fromId AND epoch = @epoch
      AND (@tolerance::bigint IS NULL OR abs(${NOW_MS} - @counterMs) <= @tolerance) FOR UPDATE)`
const IF_EXPECTED = 'WHERE EXISTS (SELECT FROM room)'

/** All that a batch of posts stores, if the room's counter is as expected (flight.ts). */
export function flightText(hasOutcomes: boolean): string {
  const kept = hasOutcomes ? `, kept AS (${NEW_OUTCOMES} ${IF_EXPECTED})` : ''
  return `WITH ${ROOM}, new AS (${GIVEN_MESSAGES} ${IF_EXPECTED}), ${SAID}, stored AS (${INSERT_MESSAGES}) ${kept}
    UPDATE arc.log SET last_id = @counter, last_ms = @counterMs, commits = commits + 1, flight = @flight ${IF_EXPECTED}
    RETURNING ${NOW_MS} AS now_ms`
}

export const STATEMENTS: Texts = {
  'channel.find': 'SELECT * FROM arc.channels WHERE name = @name',
  'channel.insert': `INSERT INTO arc.channels (name, created_at, created_by, metadata_json)
    VALUES (@name, @now, @createdBy, @metadata) ON CONFLICT DO NOTHING`,
  'channel.list': 'SELECT * FROM arc.channels ORDER BY name',

  'session.ofAgent': `SELECT * FROM arc.sessions WHERE agent_id = @agentId AND active = 1
    ORDER BY created_at DESC LIMIT 1`,
  'session.lastOfAgent': `SELECT * FROM arc.sessions WHERE agent_id = @agentId
    ORDER BY created_at DESC, active DESC LIMIT 1`,
  'session.live': `SELECT * FROM arc.sessions WHERE active = 1 AND last_seen >= ${SEEN_SINCE} ORDER BY agent_id`,
  'session.insert': `INSERT INTO arc.sessions (session_id, agent_id, display_name, capabilities_json, metadata_json, created_at, last_seen, active)
    VALUES (@session_id, @agent_id, @display_name, @capabilities_json, @metadata_json, @created_at, @last_seen, 1)`,
  'session.insertExtras': `UPDATE arc.sessions SET presence_ttl_sec = @presence_ttl_sec, harness = @harness, pid = @pid,
    process_started_at = @process_started_at, process_mark = @process_mark WHERE session_id = @session_id`,
  'session.bound': `SELECT session_id, agent_id, last_seen, presence_ttl_sec, pid, process_mark FROM arc.sessions
    WHERE active = 1 AND starts_with(process_mark, @place)`,
  'session.active':
    'SELECT session_id AS ref, agent_id FROM arc.sessions WHERE session_id = @sessionId AND active = 1',
  'session.deactivate': 'UPDATE arc.sessions SET active = 0 WHERE agent_id = @agentId AND active = 1',
  'session.close': 'UPDATE arc.sessions SET active = 0 WHERE session_id = @sessionId AND active = 1',
  'session.rename':
    'UPDATE arc.sessions SET display_name = @displayName WHERE agent_id = @agentId AND active = 1',
  'session.touch': ({ agentIds, now }) => ({
    text: 'UPDATE arc.sessions SET last_seen = @now WHERE active = 1 AND agent_id = ANY(@agentIds::text[])',
    values: { now, agentIds: JSON.parse(agentIds) },
  }),
  'session.touchAll': `UPDATE arc.sessions SET last_seen = @seenAt WHERE active = 1 AND last_seen >= ${SEEN_SINCE}`,
  'session.expired': `SELECT session_id AS ref, agent_id FROM arc.sessions
    WHERE active = 1 AND last_seen < ${SEEN_SINCE} ORDER BY agent_id`,
  'session.end': 'UPDATE arc.sessions SET active = 0 WHERE session_id = @ref',
  'session.forget': `DELETE FROM arc.sessions WHERE session_id = ANY(ARRAY(
    SELECT session_id FROM arc.sessions WHERE active = 0 ORDER BY last_seen
    LIMIT greatest(0, least(@limit::bigint, (SELECT count(*) FROM arc.sessions WHERE active = 0) - @keep::bigint))
    FOR UPDATE SKIP LOCKED))`,

  // A transaction gives the id, and stores many messages at once (batch.ts).
  'message.insert': `WITH ${NEW_MESSAGES} ${INSERT_MESSAGES}`,
  'message.latestId': 'SELECT coalesce(max(id), 0) AS id FROM arc.messages',
  'message.latestVisible': `SELECT greatest(coalesce((SELECT max(id) FROM arc.messages WHERE to_agent IS NULL), 0),
      coalesce((SELECT max(id) FROM arc.messages WHERE to_agent = @agentId), 0)) AS id`,
  'message.after': bounded('SELECT * FROM arc.messages WHERE id > @id ORDER BY id LIMIT @limit', 'id', PAGE),
  'message.page': messagePageText,
  'message.ofThread': bounded('SELECT * FROM arc.messages WHERE thread_id = @threadId', 'id', LISTING),

  'message.find': 'SELECT * FROM arc.messages WHERE id = @id',
  'message.authorsIn': `SELECT id, from_agent FROM arc.messages
    WHERE channel = @channel AND to_agent IS NULL ORDER BY id DESC LIMIT @limit`,
  'message.authorsTo': `SELECT id, from_agent FROM arc.messages
    WHERE to_agent = @agentId ORDER BY id DESC LIMIT @limit`,
  'message.author': 'SELECT from_agent FROM arc.messages WHERE id = @id',
  'message.lastOf':
    'SELECT * FROM arc.messages WHERE from_agent = @agentId AND id > @sinceId ORDER BY id DESC LIMIT 1',

  ...MAILBOX_STATEMENTS,

  'thread.find': summaries(`SELECT * FROM arc.threads WHERE thread_id = @threadId AND ${IS_NAMED}`),
  'thread.page': pageOfThreads,

  ...TASK_STATEMENTS,
  ...LEASE_STATEMENTS,

  'outcome.find': `SELECT request_hash, code, text, is_new, beside FROM arc.outcomes
    WHERE scope = @scope AND key = @key AND created_at_ms >= @since`,
  'outcome.store': INSERT_OUTCOMES,
  'outcome.forget': `DELETE FROM arc.outcomes WHERE ctid = ANY(ARRAY(SELECT ctid FROM arc.outcomes
    WHERE created_at_ms < @before ORDER BY created_at_ms LIMIT @limit FOR UPDATE SKIP LOCKED))`,

  'hubState.find': 'SELECT value_json FROM arc.hub_state WHERE hub_id = @hubId AND key = @key',
  'hubState.set': `INSERT INTO arc.hub_state VALUES (@hubId, @key, @value, @nowMs)
    ON CONFLICT (hub_id, key) DO UPDATE SET value_json = excluded.value_json, updated_at_ms = excluded.updated_at_ms`,
  'hubState.delete': 'DELETE FROM arc.hub_state WHERE hub_id = @hubId AND key = @key',
  'hubState.forget': 'DELETE FROM arc.hub_state WHERE updated_at_ms < @before',

  'status.counts': `SELECT (SELECT count(*) FROM arc.sessions WHERE active = 1) AS agents,
    (SELECT count(*) FROM arc.channels) AS channels,
    (SELECT coalesce(max(id), 0) FROM arc.messages) AS messages,
    (SELECT count(*) FROM arc.tasks WHERE status = 'open') AS open_tasks,
    (SELECT count(*) FROM arc.claims WHERE ${ACTIVE_LEASE} @now) AS active_claims,
    (SELECT count(*) FROM arc.locks WHERE ${ACTIVE_LEASE} @now) AS active_locks`,
}

/** The thread summaries of some rows of `arc.threads`. */
function summaries(rows: string): string {
  return `SELECT thread_id,
      coalesce((SELECT channel FROM arc.tasks WHERE task_id = root_task_id), channel,
        (SELECT channel FROM arc.tasks WHERE task_id = first_task_id)) AS channel,
      root_task_id, latest_message_id, latest_message_ts, latest_artifact_id,
      message_count, total_task_count, open_task_count,
      (SELECT count(*) FROM arc.claims WHERE claims.thread_id = named.thread_id AND ${ACTIVE_LEASE} @now) AS active_claim_count
    FROM (${rows}) AS named
    ORDER BY latest_message_id DESC NULLS LAST, thread_id DESC`
}

/** Threads with messages, by their newest message; then those without, by name. */
function pageOfThreads({ after, limit, now }: ThreadPage): { text: string; values: object } {
  const inOrder = `ORDER BY latest_message_id DESC NULLS LAST, thread_id DESC ${limit === undefined ? '' : 'LIMIT @limit'}`
  const branch = (condition: string) => `(SELECT * FROM arc.threads WHERE ${condition} ${inOrder})`
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
