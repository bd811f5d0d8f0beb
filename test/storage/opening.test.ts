// Opening a database that somebody else is just writing to.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import Database from 'better-sqlite3'
import t from 'tap'
import { SqliteBackend } from '../../src/storage/sqlite/backend.js'
import { ownFolder } from '../support/folder.js'

t.test('waits for who is writing to a file that is not in WAL yet', async (t) => {
  const storagePath = `${ownFolder(t)}/arc.sqlite3`
  const writer = new Worker(new URL('./brief-writer.js', import.meta.url), { workerData: storagePath })
  const ended = once(writer, 'exit')
  await once(writer, 'message')
  const options = { storagePath, hubId: 'h', presenceTtlSec: 60, allowRemote: false, log: () => {} }
  const backend = SqliteBackend.open(options)
  t.equal(backend.facts.journalMode, 'wal')
  backend.close()
  await ended
  const db = new Database(storagePath, { readonly: true })
  t.same(db.prepare('SELECT * FROM theirs').all(), [{ a: 1 }], 'and what they wrote is there')
  db.close()
})
