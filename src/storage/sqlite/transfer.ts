// Reads a room out of an SQLite file, and writes one into a new file.

import type { Database } from 'better-sqlite3'
import { type Counters, type RoomContent, type Row, TABLE_NAMES, TABLES, type Table } from '../room-file.js'
import { openDatabase } from './database.js'

/** The tables that are the contract with the reference hub (PROTOCOL §11). */
const SHARED: ReadonlySet<Table> = new Set<Table>([
  'channels',
  'messages',
  'sessions',
  'claims',
  'locks',
  'tasks',
])
const EXTRAS = ['presence_ttl_sec', 'harness', 'pid', 'process_started_at', 'process_mark']

/** The name of a table in a file: our own have a prefix. */
export const nameOf = (table: Table) => (SHARED.has(table) ? table : `arc_${table}`)

/** Hands the room as it is now to `take`. Hubs may use it meanwhile. */
export async function readRoom<T>(storagePath: string, take: (room: RoomContent) => Promise<T>): Promise<T> {
  const db = openDatabase(storagePath)
  try {
    db.exec('BEGIN')
    const counters = { lastId: numberOf(db, 'messages'), lastFence: numberOf(db, 'arc_fences') }
    return await take({ counters, rows: rowsOf(db) })
  } finally {
    db.close()
  }
}

/** Writes a room into a new file, in one transaction. */
export async function writeRoom(storagePath: string, { counters, rows }: RoomContent): Promise<void> {
  const db = openDatabase(storagePath)
  try {
    db.exec('BEGIN IMMEDIATE')
    const inserts = new Map<Table, (values: Row['values']) => void>()
    for await (const { table, values } of rows) {
      const insert = inserts.get(table) ?? insertInto(db, table)
      inserts.set(table, insert)
      insert(values)
    }
    setCounters(db, counters)
    db.exec('COMMIT')
  } finally {
    db.close()
  }
}

async function* rowsOf(db: Database): AsyncGenerator<Row> {
  for (const table of TABLE_NAMES) {
    const source = table === 'sessions' ? 'sessions LEFT JOIN arc_sessions USING (session_id)' : nameOf(table)
    const rows = db.prepare<[], Row['values']>(`SELECT ${TABLES[table].join(', ')} FROM ${source}`)
    for (const values of rows.iterate()) yield { table, values }
  }
}

/** Triggers have filled these two tables while others were filled: what was exported replaces it. */
const REPLACED: ReadonlySet<Table> = new Set<Table>(['threads', 'fences'])

function insertInto(db: Database, table: Table): (values: Row['values']) => void {
  if (REPLACED.has(table)) db.exec(`DELETE FROM ${nameOf(table)}`)
  const columns = TABLES[table]
  if (table !== 'sessions') return prepared(db, nameOf(table), columns)
  const insert = prepared(
    db,
    'sessions',
    columns.filter((column) => !EXTRAS.includes(column)),
  )
  const extend = prepared(db, 'arc_sessions', ['session_id', ...EXTRAS])
  return (values) => {
    insert(values)
    if (EXTRAS.some((column) => values[column] !== null)) extend(values)
  }
}

function prepared(db: Database, name: string, columns: readonly string[]): (values: Row['values']) => void {
  const marks = columns.map(() => '?').join(', ')
  const insert = db.prepare(`INSERT OR REPLACE INTO ${name} (${columns.join(', ')}) VALUES (${marks})`)
  return (values) => {
    insert.run(columns.map((column) => values[column] ?? null))
  }
}

function numberOf(db: Database, name: string): number {
  const row = db
    .prepare<[string], { seq: number }>('SELECT seq FROM sqlite_sequence WHERE name = ?')
    .get(name)
  return row?.seq ?? 0
}

function setCounters(db: Database, { lastId, lastFence }: Counters): void {
  for (const [name, last] of [
    ['messages', lastId],
    ['arc_fences', lastFence],
  ] as const) {
    db.prepare('DELETE FROM sqlite_sequence WHERE name = ?').run(name)
    db.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)').run(name, last)
  }
}
