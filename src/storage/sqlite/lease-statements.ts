// SQLite's texts for fences, and for the lines of agents that wait for a lease (PROTOCOL §19).

import type { Statements } from '../rules/statements.js'
import type { Texts } from './statement-text.js'

type Names = Extract<keyof Statements, `${'fence' | 'wait'}.${string}`>

const LIVE = 'is_away = 0 AND seen_ms >= @seenMs'
const THESE = 'place IN (SELECT value FROM json_each(@places))'

export const LEASE_STATEMENTS: Pick<Texts, Names> = {
  'fence.find': 'SELECT fence FROM arc_fences WHERE kind = @kind AND key = @key',

  'wait.line': 'SELECT * FROM arc_waits WHERE kind = @kind AND key = @key ORDER BY place',
  'wait.at': `SELECT * FROM arc_waits WHERE ${THESE} ORDER BY place`,
  'wait.live': `SELECT * FROM arc_waits WHERE kind = @kind AND ${LIVE} ORDER BY place`,
  'wait.ofAgent': `SELECT * FROM arc_waits WHERE agent_id = @agentId AND ${LIVE} ORDER BY place`,
  'wait.insert': `INSERT INTO arc_waits (kind, key, agent_id, since, seen_ms, is_away)
    VALUES (@kind, @key, @agentId, @since, @nowMs, 0)`,
  'wait.renew': `UPDATE arc_waits SET seen_ms = @nowMs, is_away = 0 WHERE ${THESE}`,
  'wait.away': `UPDATE arc_waits SET is_away = 1 WHERE ${THESE}`,
  'wait.delete': 'DELETE FROM arc_waits WHERE place = @place',
  'wait.forget': 'DELETE FROM arc_waits WHERE seen_ms < @before',
}
