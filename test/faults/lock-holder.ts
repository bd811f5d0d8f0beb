// Holds a database's write lock until it is ended, from a process of its own.
//
//   node lock-holder.js <storage path>

import SqliteDatabase from 'better-sqlite3'

const [storagePath = ''] = process.argv.slice(2)
const db = new SqliteDatabase(storagePath, { timeout: 10_000 })
db.exec('BEGIN IMMEDIATE')
process.send?.('holding')
// What nothing refers to may be collected, and its lock with it.
setInterval(() => db.inTransaction, 60_000)
