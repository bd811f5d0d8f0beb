// No read and no command looks through what a hub has piled up: the plan of every statement that the rules can ask for
// is looked at, and may scan only what is bounded by what is live now.

import { join } from 'node:path'
import type Database from 'better-sqlite3'
import t from 'tap'
import { openDatabase } from '../../src/storage/sqlite/database.js'
import type { StatementText } from '../../src/storage/sqlite/statement-text.js'
import { STATEMENTS } from '../../src/storage/sqlite/statements.js'
import { ownFolder } from '../support/folder.js'
import { SHAPES } from './statement-shapes.js'

/** What a plan may go through from end to end, and why that is little. */
const BOUNDED: readonly (readonly [step: RegExp, why: string])[] = [
  [/^SCAN CONSTANT ROW/, 'no table at all'],
  [/^SCAN json_each/, 'the values of one command'],
  [/^SCAN \((subquery-\d+)\)$/, 'what another step has brought'],
  [/^SCAN (named)$/, 'what another step has brought'],
  [/^SCAN (sessions|tasks|claims|locks) USING (COVERING )?INDEX arc_/, 'a partial index: what is live now'],
  [/^SCAN channels USING/, 'one row a channel'],
  [
    /^SCAN arc_threads USING INDEX arc_threads_latest/,
    'in the order of the list, which is whole or ends at its limit',
  ],
  [/^SCAN arc_hub_state/, 'one row a hub'],
  [/^SCAN arc_mailboxes/, 'stops after so many'],
  [/^SCAN arc_(scopes|slots)/, 'what agents hold now'],
  [/^SCAN arc_waits/, 'one row for each agent that waits for a lease, or did in the last hour'],
  [/^SCAN arc_receipts USING INDEX arc_receipts_(unread|from)/, 'a partial index: what is unread now'],
]
/** Lists that come whole where nobody narrows them: all tasks, claims and locks there are. */
const WHOLE =
  /^SELECT \* FROM (tasks|claims|locks) (WHERE task_id > @sinceId )?(WHERE (status|channel|owner_agent_id|agent_id) = @\w+ )?ORDER BY/
/** Walks from the oldest row on, and stops after so many. */
const FORGETTING = /^DELETE FROM arc_(outcomes|offers).*LIMIT @limit/s

function* textsOf(): Generator<string> {
  for (const [name, known] of Object.entries(STATEMENTS) as [string, StatementText<unknown>][]) {
    if (typeof known === 'string') yield known
    else if (typeof known === 'object') yield known.text
    else for (const input of SHAPES[name] ?? []) yield known(input).text
  }
}

t.test('no statement scans what only grows', (t) => {
  const db = openDatabase(join(ownFolder(t), 'arc.sqlite3'))
  t.teardown(() => db.close())
  for (const text of textsOf()) {
    const scans = planOf(db, text).filter((step) => step.startsWith('SCAN') && !isBounded(step))
    if (!FORGETTING.test(text) && !WHOLE.test(text))
      t.strictSame(scans, [], text.replace(/\s+/g, ' ').slice(0, 120))
  }
  for (const [name, known] of Object.entries(STATEMENTS))
    if (typeof known === 'function') t.ok(SHAPES[name], `${name} has shapes`)
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
  const names = [...sql.matchAll(/@([A-Za-z_]\w*)/g)].map(([, name = '']) => [name, null])
  const statement = db.prepare(`EXPLAIN QUERY PLAN ${sql}`)
  const values = names.length > 0 ? [Object.fromEntries(names)] : Array(sql.split('?').length - 1).fill(null)
  const rows = statement.all(...(values as [object])) as { detail: string }[]
  return rows.map(({ detail }) => detail)
}
