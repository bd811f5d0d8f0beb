// SQLite's texts for fences, and for the lines of agents that wait for a lease (PROTOCOL §19).

import type { Statements } from '../rules/statements.js'
import { type Texts, where } from './statement-text.js'

type Names = Extract<keyof Statements, `${'fence' | 'scope' | 'slot' | 'wait'}.${string}`>

const LIVE = 'is_away = 0 AND seen_ms >= @seenMs'
const THESE = 'place IN (SELECT value FROM json_each(@places))'

export const LEASE_STATEMENTS: Pick<Texts, Names> = {
  'fence.find': 'SELECT fence FROM arc_fences WHERE kind = @kind AND key = @key',

  'fence.insert': 'INSERT INTO arc_fences (kind, key) VALUES (@kind, @key)',
  'fence.delete': 'DELETE FROM arc_fences WHERE kind = @kind AND key = @key',

  'scope.list': (filter) => {
    const those = where('expires_at >= @now', filter.agentId !== undefined && 'agent_id = @agentId')
    return { text: `SELECT * FROM arc_scopes ${those} ORDER BY scope_id`, values: filter }
  },
  'scope.find': 'SELECT * FROM arc_scopes WHERE scope_id = @scopeId AND expires_at >= @now',
  'scope.same': 'SELECT * FROM arc_scopes WHERE agent_id = @agentId AND mode = @mode AND globs_json = @globs',
  'scope.insert': `INSERT INTO arc_scopes
    VALUES (@scope_id, @agent_id, @globs_json, @mode, @reason, @acquired_at, @expires_at, @metadata_json)`,
  'scope.extend': 'UPDATE arc_scopes SET expires_at = @expiresAt WHERE scope_id = @scopeId',
  'scope.release': 'DELETE FROM arc_scopes WHERE scope_id = @scopeId',
  'scope.forget': 'DELETE FROM arc_scopes WHERE expires_at < @now',

  'slot.holders':
    'SELECT * FROM arc_slots WHERE name = @name AND expires_at >= @now ORDER BY expires_at, agent_id',
  'slot.list': (filter) => {
    const those = where(
      'expires_at >= @now',
      filter.name !== undefined && 'name = @name',
      filter.agentId !== undefined && 'agent_id = @agentId',
    )
    return { text: `SELECT * FROM arc_slots ${those} ORDER BY name, agent_id`, values: filter }
  },
  'slot.hold':
    'INSERT OR REPLACE INTO arc_slots VALUES (@name, @agent_id, @capacity, @acquired_at, @expires_at, @fence)',
  'slot.release': 'DELETE FROM arc_slots WHERE name = @name AND agent_id = @agentId',
  'slot.forget': 'DELETE FROM arc_slots WHERE name = @name AND expires_at < @now',

  'wait.line': 'SELECT * FROM arc_waits WHERE kind = @kind AND key = @key ORDER BY place',
  'wait.at': `SELECT * FROM arc_waits WHERE ${THESE} ORDER BY place`,
  'wait.live': `SELECT * FROM arc_waits WHERE kind = @kind AND ${LIVE} ORDER BY place`,
  'wait.ofAgent': `SELECT * FROM arc_waits WHERE agent_id = @agentId AND ${LIVE} ORDER BY place`,
  'wait.insert': `INSERT INTO arc_waits (kind, key, agent_id, since, seen_ms, is_away, capacity)
    VALUES (@kind, @key, @agentId, @since, @nowMs, 0, @capacity)`,
  'wait.rejoin':
    'UPDATE arc_waits SET seen_ms = @nowMs, is_away = 0, capacity = @capacity WHERE place = @place',
  'wait.renew': `UPDATE arc_waits SET seen_ms = @nowMs, is_away = 0 WHERE ${THESE}`,
  'wait.away': `UPDATE arc_waits SET is_away = 1 WHERE ${THESE}`,
  'wait.delete': 'DELETE FROM arc_waits WHERE place = @place',
  'wait.forget': 'DELETE FROM arc_waits WHERE seen_ms < @before',
}
