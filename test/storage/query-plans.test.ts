// No read and no command looks through what a hub has piled up: the plan of every statement that the storage
// prepares is asked for, and may scan only what is bounded by what is live now.

import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import type { PageQuery } from '../../src/storage/commands.js'
import { SqliteBackend } from '../../src/storage/sqlite/backend.js'
import { ownFolder } from '../support/folder.js'

/** Every statement that is prepared in this process from now on. */
const prepared = new Set<string>()
const { prepare } = Database.prototype
Database.prototype.prepare = function (this: Database.Database, sql: string) {
  prepared.add(sql)
  return prepare.call(this, sql)
} as typeof prepare

/** What a plan may go through from end to end, and why that is little. */
const BOUNDED: readonly (readonly [step: RegExp, why: string])[] = [
  [/^SCAN CONSTANT ROW/, 'no table at all'],
  [/^SCAN json_each/, 'the values of one command'],
  [/^SCAN (\(subquery-\d+\)|named)$/, 'what another step has brought'],
  [/^SCAN (sessions|tasks|claims|locks) USING (COVERING )?INDEX arc_/, 'a partial index: what is live now'],
  [/^SCAN channels USING/, 'one row a channel'],
  [/^SCAN arc_threads/, 'one row a thread, for the list of all threads'],
  [/^SCAN arc_hub_state/, 'one row a hub'],
]
/** Walks from the oldest row on, and stops after so many. */
const PRUNE = /^DELETE FROM arc_idempotency.*LIMIT \d+/s

const PAGES: readonly Partial<PageQuery>[] = [
  {},
  { channels: ['general'] },
  { channels: ['general', 'direct'] },
  { threadId: 'thread' },
  { channels: ['general'], threadId: 'thread' },
]

t.test('no statement scans what only grows', (t) => {
  const storagePath = join(ownFolder(t), 'arc.sqlite3')
  const backend = SqliteBackend.open({
    storagePath,
    hubId: 'test',
    presenceTtlSec: 120,
    allowRemote: false,
    log: () => {},
  })
  t.teardown(() => backend.close())
  for (const page of PAGES) {
    for (const agentId of [undefined, 'agent']) {
      for (const tail of [true, false]) {
        backend.page({ sinceId: 0, limit: 10, tail, agentId, excludeSelf: agentId !== undefined, ...page })
      }
    }
  }
  backend.query({ op: 'inbox.list', input: { agent_id: 'agent', since_id: 0, limit: 10, tail: true } })
  backend.query({ op: 'threads.list', input: {} })

  const db = new Database(storagePath)
  t.teardown(() => db.close())
  const statements = [...prepared].filter((sql) => /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/.test(sql))
  t.ok(statements.length > 45, `${statements.length} statements`)
  for (const sql of statements) {
    const scans = planOf(db, sql).filter((step) => step.startsWith('SCAN') && !isBounded(step))
    if (!PRUNE.test(sql)) t.strictSame(scans, [], sql.replace(/\s+/g, ' ').slice(0, 120))
  }
  t.strictSame(
    planOf(db, 'SELECT * FROM messages WHERE body = ?').filter((step) => !isBounded(step)),
    ['SCAN messages'],
  )
  t.end()
})

function isBounded(step: string): boolean {
  return BOUNDED.some(([pattern]) => pattern.test(step))
}

function planOf(db: Database.Database, sql: string): string[] {
  const names = [...sql.matchAll(/[@:]([A-Za-z_]\w*)/g)].map(([, name = '']) => [name, null])
  const statement = prepare.call(db, `EXPLAIN QUERY PLAN ${sql}`)
  const values = names.length > 0 ? [Object.fromEntries(names)] : Array(sql.split('?').length - 1).fill(null)
  const rows = statement.all(...(values as [object])) as { detail: string }[]
  return rows.map(({ detail }) => detail)
}
