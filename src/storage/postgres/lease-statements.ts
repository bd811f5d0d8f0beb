// PostgreSQL's texts for claims, locks, scopes, slots and fences, and for the lines of agents that wait (PROTOCOL §6, §19).

import type { Statements } from '../rules/statements.js'
import { ACTIVE_LEASE, type Texts, where } from './statement-text.js'

type Names = Extract<keyof Statements, `${'claim' | 'lock' | 'fence' | 'scope' | 'slot' | 'wait'}.${string}`>

const LIVE = 'is_away = 0 AND seen_ms >= @seenMs'
/** A key may be longer than an entry of an index, which holds its hash. */
const HAS_KEY = 'md5(key) = md5(@key::text) AND key = @key'
const THESE = 'place = ANY(@places::bigint[])'

/** Takes the list of places out of its JSON text. */
const ofPlaces =
  (text: string) =>
  ({ places, ...input }: { places: string }) => ({ text, values: { ...input, places: JSON.parse(places) } })

interface LeaseColumns {
  readonly table: string
  readonly key: string
  readonly owner: string
  readonly since: string
  /** Whether a row has the key `@name`. */
  readonly has: (name: string) => string
}

type LeaseTexts<Noun extends 'claim' | 'lock'> = Pick<
  Texts,
  `${Noun}.${'active' | 'find' | 'extend' | 'release' | 'list' | 'ofSession' | 'at' | 'end'}`
>

/** Claims and locks differ in their columns' names; only claims have a thread of their own. A row's name is its key. */
function leaseTexts<Noun extends 'claim' | 'lock'>(noun: Noun, columns: LeaseColumns): LeaseTexts<Noun> {
  const { table, key, owner, since, has } = columns
  const list: Texts['claim.list'] = (filter) => {
    const those = where(
      filter.owner !== undefined && `${owner} = @owner`,
      filter.threadId !== undefined && 'thread_id = @threadId',
      filter.activeAt !== undefined && `${ACTIVE_LEASE} @activeAt`,
    )
    return { text: `SELECT * FROM ${table} ${those} ORDER BY ${since}, ${key}`, values: filter }
  }
  const texts = {
    active: `SELECT * FROM ${table} WHERE ${has('key')} AND ${ACTIVE_LEASE} @now`,
    find: `SELECT * FROM ${table} WHERE ${has('key')}`,
    extend: `UPDATE ${table} SET expires_at = @expiresAt WHERE ${has('key')}`,
    release: `UPDATE ${table} SET released_at = @now WHERE ${has('key')}`,
    list,
    ofSession: `SELECT ${key} AS ref FROM ${table}
      WHERE ${owner} = (SELECT agent_id FROM arc.sessions WHERE session_id = @session) AND ${ACTIVE_LEASE} @now
      ORDER BY ${since}, ${key}`,
    at: `SELECT * FROM ${table} WHERE ${has('ref')}`,
    end: `UPDATE ${table} SET released_at = @now WHERE ${has('ref')}`,
  }
  const named = Object.entries(texts).map(([verb, text]) => [`${noun}.${verb}`, text])
  return Object.fromEntries(named) as LeaseTexts<Noun>
}

/** Gives a new holding of a key its fence. A number is never given twice. */
const newFence = (kind: string) => `INSERT INTO arc.fences (kind, key) VALUES ('${kind}', @key)
  ON CONFLICT (kind, md5(key)) DO UPDATE SET fence = excluded.fence`

export const LEASE_STATEMENTS: Pick<Texts, Names> = {
  ...leaseTexts('claim', {
    table: 'arc.claims',
    key: 'claim_key',
    owner: 'owner_agent_id',
    since: 'claimed_at',
    has: (name) => `claim_key = @${name}`,
  }),
  'claim.take': `WITH fenced AS (${newFence('claim')}),
    named AS (
      INSERT INTO arc.threads SELECT @threadId::text, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, 0
        WHERE @threadId::text IS NOT NULL ON CONFLICT DO NOTHING
    )
    INSERT INTO arc.claims (claim_key, thread_id, task_message_id, owner_agent_id, claimed_at, expires_at, released_at, metadata_json)
    VALUES (@key, @threadId, @taskMessageId, @owner, @now, @expiresAt, NULL, @metadata)
    ON CONFLICT (claim_key) DO UPDATE SET thread_id = excluded.thread_id, task_message_id = excluded.task_message_id,
      owner_agent_id = excluded.owner_agent_id, claimed_at = excluded.claimed_at, expires_at = excluded.expires_at,
      released_at = NULL, metadata_json = excluded.metadata_json`,
  ...leaseTexts('lock', {
    table: 'arc.locks',
    key: 'file_path',
    owner: 'agent_id',
    since: 'locked_at',
    has: (name) => `md5(file_path) = md5(@${name}::text) AND file_path = @${name}`,
  }),
  'lock.take': `WITH fenced AS (${newFence('lock')})
    INSERT INTO arc.locks (file_path, agent_id, locked_at, expires_at, released_at, metadata_json)
    VALUES (@key, @owner, @now, @expiresAt, NULL, @metadata)
    ON CONFLICT (md5(file_path)) DO UPDATE SET agent_id = excluded.agent_id, locked_at = excluded.locked_at,
      expires_at = excluded.expires_at, released_at = NULL, metadata_json = excluded.metadata_json`,

  'fence.find': `SELECT fence FROM arc.fences WHERE kind = @kind AND ${HAS_KEY}`,
  'fence.insert': 'INSERT INTO arc.fences (kind, key) VALUES (@kind, @key) RETURNING fence AS id',
  'fence.delete': `DELETE FROM arc.fences WHERE kind = @kind AND ${HAS_KEY}`,

  'scope.list': (filter) => {
    const those = where('expires_at >= @now', filter.agentId !== undefined && 'agent_id = @agentId')
    return { text: `SELECT * FROM arc.scopes ${those} ORDER BY scope_id`, values: filter }
  },
  'scope.find': 'SELECT * FROM arc.scopes WHERE scope_id = @scopeId AND expires_at >= @now',
  'scope.same':
    'SELECT * FROM arc.scopes WHERE agent_id = @agentId AND mode = @mode AND globs_json = @globs ORDER BY scope_id',
  'scope.insert': `INSERT INTO arc.scopes
    VALUES (@scope_id, @agent_id, @globs_json, @mode, @reason, @acquired_at, @expires_at, @metadata_json)`,
  'scope.extend': 'UPDATE arc.scopes SET expires_at = @expiresAt WHERE scope_id = @scopeId',
  'scope.release': 'DELETE FROM arc.scopes WHERE scope_id = @scopeId',
  'scope.forget': 'DELETE FROM arc.scopes WHERE expires_at < @now',

  'slot.holders':
    'SELECT * FROM arc.slots WHERE name = @name AND expires_at >= @now ORDER BY expires_at, agent_id',
  'slot.list': (filter) => {
    const those = where(
      'expires_at >= @now',
      filter.name !== undefined && 'name = @name',
      filter.agentId !== undefined && 'agent_id = @agentId',
    )
    return { text: `SELECT * FROM arc.slots ${those} ORDER BY name, agent_id`, values: filter }
  },
  'slot.hold': `INSERT INTO arc.slots VALUES (@name, @agent_id, @capacity, @acquired_at, @expires_at, @fence)
    ON CONFLICT (name, agent_id) DO UPDATE SET capacity = excluded.capacity, acquired_at = excluded.acquired_at,
      expires_at = excluded.expires_at, fence = excluded.fence`,
  'slot.release': 'DELETE FROM arc.slots WHERE name = @name AND agent_id = @agentId',
  'slot.forget': 'DELETE FROM arc.slots WHERE name = @name AND expires_at < @now',

  'wait.line': `SELECT * FROM arc.waits WHERE kind = @kind AND ${HAS_KEY} ORDER BY place`,
  'wait.at': ofPlaces(`SELECT * FROM arc.waits WHERE ${THESE} ORDER BY place`),
  'wait.live': `SELECT * FROM arc.waits WHERE kind = @kind AND ${LIVE} ORDER BY place`,
  'wait.ofAgent': `SELECT * FROM arc.waits WHERE agent_id = @agentId AND ${LIVE} ORDER BY place`,
  'wait.insert': `INSERT INTO arc.waits (kind, key, agent_id, since, seen_ms, is_away, capacity)
    VALUES (@kind, @key, @agentId, @since, @nowMs, 0, @capacity) RETURNING place AS id`,
  'wait.rejoin':
    'UPDATE arc.waits SET seen_ms = @nowMs, is_away = 0, capacity = @capacity WHERE place = @place',
  'wait.renew': ofPlaces(`UPDATE arc.waits SET seen_ms = @nowMs, is_away = 0 WHERE ${THESE}`),
  'wait.away': ofPlaces(`UPDATE arc.waits SET is_away = 1 WHERE ${THESE}`),
  'wait.delete': 'DELETE FROM arc.waits WHERE place = @place',
  'wait.forget': `DELETE FROM arc.waits WHERE place = ANY(ARRAY(
    SELECT place FROM arc.waits WHERE seen_ms < @before FOR UPDATE SKIP LOCKED))`,
}
