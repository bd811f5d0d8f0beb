// The storage's share of `GET /v1/status`: what it holds, and how safe a commit is, read from the connection
// itself, since `synchronous` is a property of each connection and not of the file.

import type { Database } from 'better-sqlite3'
import { type Answer, success } from '../../protocol/envelope.js'
import type { HubStatus, Waiting } from '../../protocol/objects.js'
import { nowSeconds } from './context.js'

const SYNCHRONOUS = ['off', 'normal', 'full', 'extra'] as const

export function statusQuery(db: Database, commits: () => number): (waiting: Waiting) => Answer {
  const count = db.prepare<object, HubStatus['counts']>(
    `SELECT (SELECT count(*) FROM sessions WHERE active = 1) AS agents,
       (SELECT count(*) FROM channels) AS channels,
       (SELECT coalesce(max(id), 0) FROM messages) AS messages,
       (SELECT count(*) FROM tasks WHERE status = 'open') AS open_tasks,
       (SELECT count(*) FROM claims WHERE released_at IS NULL AND expires_at >= @now) AS active_claims,
       (SELECT count(*) FROM locks WHERE released_at IS NULL AND expires_at >= @now) AS active_locks`,
  )
  return (waiting) => {
    const synchronous = SYNCHRONOUS[db.pragma('synchronous', { simple: true }) as number] ?? 'unknown'
    const journal_mode = db.pragma('journal_mode', { simple: true }) as string
    const counts = count.get({ now: nowSeconds() })
    return success(200, { counts, durability: { journal_mode, synchronous }, commits: commits(), ...waiting })
  }
}
