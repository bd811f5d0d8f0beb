// Inserts messages as the reference hub does, by position, from a process of its own.
//
//   node insert-by-position.js <storage path> <JSON array of rows, each with the ten columns after the id>

import SqliteDatabase from 'better-sqlite3'

const [storagePath = '', rows = '[]'] = process.argv.slice(2)
const db = new SqliteDatabase(storagePath, { timeout: 10_000 })
const insert = db.prepare('INSERT INTO messages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
const ids = (JSON.parse(rows) as unknown[][]).map((row) => Number(insert.run(row).lastInsertRowid))
db.close()
process.send?.(ids)
process.disconnect()
