// Reads a room out of a database, and writes one into a room where nothing was said yet.

import { ArcError } from '../../protocol/errors.js'
import { storageName } from '../../storage-file.js'
import { type RoomContent, type Row, TABLE_NAMES, TABLES, type Table } from '../room-file.js'
import { Connection } from './connection.js'
import { enterRoom, inspect, prepareSchema, unusable } from './database.js'
import { loadDriver } from './driver.js'
import { statement } from './statement-text.js'

const ROWS_AT_ONCE = 500
const CHARS_AT_ONCE = 4_000_000

/** Hands the room as it is now to `take`. Hubs may use it meanwhile. */
export function readRoom<T>(url: string, take: (room: RoomContent) => Promise<T>): Promise<T> {
  return connected(url, async (connection) => {
    await connection.script('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const [result] = await connection.script(`SELECT last_id AS "lastId",
      coalesce(pg_sequence_last_value(pg_get_serial_sequence('arc.fences', 'fence')::regclass), 0) AS "lastFence" FROM arc.log`)
    return take({ counters: result?.rows[0], rows: rowsOf(connection) })
  })
}

/** Writes a room, in one transaction. @throws ArcError `storage_unusable` if something was said there before */
export function writeRoom(url: string, { counters, rows }: RoomContent): Promise<void> {
  return connected(url, async (connection) => {
    await connection.script('BEGIN; SELECT 1 FROM arc.log FOR UPDATE')
    await mustBeNew(connection, url)
    for await (const { table, values } of chunksOf(rows)) await insert(connection, table, values)
    const text = `SELECT setval(pg_get_serial_sequence('arc.fences', 'fence'), greatest(@lastFence::bigint, 1))`
    await connection.send(statement(text, counters))
    await connection.send(
      statement('UPDATE arc.log SET last_id = greatest(last_id, @lastId), commits = commits + 1', counters),
    )
    await connection.script('COMMIT')
  })
}

async function connected<T>(url: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const driver = await loadDriver(url)
  let failure: unknown
  for (const host of driver.hosts.keys()) {
    let connection: Connection | undefined
    try {
      const client = await driver.connect(host, { isPipelined: true, role: 'transfer' })
      connection = new Connection(client, () => false)
      await inspect(connection, true)
      await prepareSchema(connection)
      await enterRoom(connection)
    } catch (error) {
      connection?.close()
      failure = error
      continue
    }
    try {
      return await work(connection)
    } finally {
      connection.close()
    }
  }
  throw unusable(storageName(url), failure)
}

async function mustBeNew(connection: Connection, url: string): Promise<void> {
  const [found] = await connection.script(
    'SELECT 1 FROM arc.messages UNION ALL SELECT 1 FROM arc.sessions LIMIT 1',
  )
  if (found?.rows.length === 0) return
  const text = `the room ${storageName(url)} is in use: import into a new database, or stop its hubs and run psql '${storageName(url)}' -c 'DROP SCHEMA arc CASCADE'`
  throw new ArcError('storage_unusable', text)
}

async function* rowsOf(connection: Connection): AsyncGenerator<Row> {
  for (const table of TABLE_NAMES) {
    await connection.script(
      `DECLARE of_${table} CURSOR FOR SELECT ${TABLES[table].join(', ')} FROM arc.${table}`,
    )
    for (;;) {
      const [result] = await connection.script(`FETCH ${ROWS_AT_ONCE} FROM of_${table}`)
      if (!result || result.rows.length === 0) break
      for (const values of result.rows) yield { table, values }
    }
  }
}

/** Rows of one table each. */
async function* chunksOf(
  rows: RoomContent['rows'],
): AsyncGenerator<{ table: Table; values: Row['values'][] }> {
  let chunk: { table: Table; values: Row['values'][] } | undefined
  let chars = 0
  for await (const { table, values } of rows) {
    if (chunk && (chunk.table !== table || chunk.values.length >= ROWS_AT_ONCE || chars > CHARS_AT_ONCE)) {
      yield chunk
      chunk = undefined
    }
    if (!chunk) {
      chunk = { table, values: [] }
      chars = 0
    }
    chunk.values.push(values)
    for (const value of Object.values(values)) chars += typeof value === 'string' ? value.length : 8
  }
  if (chunk) yield chunk
}

async function insert(connection: Connection, table: Table, rows: readonly Row['values'][]): Promise<void> {
  const columns = TABLES[table]
  const types = await typesOf(connection, table)
  const lists = columns.map((column) => `@${column}::${types.get(column)}[]`)
  // A hub that has started creates two channels.
  const replaced =
    table === 'channels'
      ? `ON CONFLICT (name) DO UPDATE SET created_at = excluded.created_at, created_by = excluded.created_by,
          metadata_json = excluded.metadata_json`
      : ''
  const text = `INSERT INTO arc.${table} (${columns.join(', ')}) SELECT * FROM unnest(${lists.join(', ')}) ${replaced}`
  const values = Object.fromEntries(columns.map((column) => [column, rows.map((row) => row[column] ?? null)]))
  await connection.send(statement(text, values))
}

async function typesOf(connection: Connection, table: Table): Promise<ReadonlyMap<string, string>> {
  const [result] = await connection.script(`SELECT attname AS name, format_type(atttypid, NULL) AS type
    FROM pg_attribute WHERE attrelid = 'arc.${table}'::regclass AND attnum > 0`)
  return new Map(result?.rows.map(({ name, type }) => [name, type]))
}
