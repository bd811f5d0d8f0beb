// Inserts messages into `general` as fast as it can, from a process of its own, until it is ended.
//
//   node foreign-writer.js <storage path>

import SqliteDatabase from 'better-sqlite3'

const [storagePath = ''] = process.argv.slice(2)
const db = new SqliteDatabase(storagePath, { timeout: 10_000 })
db.pragma('synchronous = OFF')
const insert = db.prepare(
  "INSERT INTO messages VALUES (NULL, '2026-01-01T00:00:00Z', 'writer', NULL, 'general', 'chat', 'hi', '[]', NULL, NULL, '{}')",
)
process.send?.('writing')
for (;;) insert.run()
