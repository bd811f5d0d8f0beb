// Holds a write transaction on a new database in SQLite's default journal mode for 200 ms, and commits it.

import { parentPort, workerData } from 'node:worker_threads'
import SqliteDatabase from 'better-sqlite3'

const db = new SqliteDatabase(workerData as string)
db.exec('BEGIN IMMEDIATE; CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)')
parentPort?.postMessage('writing')
setTimeout(() => {
  db.exec('COMMIT')
  db.close()
}, 200)
