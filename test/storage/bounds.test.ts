// What a storage keeps on disk is bounded: ended sessions, and the write-ahead log after a burst.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import t, { type Test } from 'tap'
import type { Command } from '../../src/storage/commands.js'
import { SqliteBackend } from '../../src/storage/sqlite/backend.js'
import { ownFolder } from '../support/folder.js'
import { open as opening } from './backend-room.js'

const MIB = 1024 * 1024

function open(t: Test): { backend: SqliteBackend; db: SqliteDatabase.Database } {
  const storagePath = join(ownFolder(t), 'arc.sqlite3')
  const backend = SqliteBackend.open({
    storagePath,
    hubId: 'test',
    presenceTtlSec: 120,
    allowRemote: false,
    log: () => {},
  })
  t.teardown(() => backend.close())
  const db = new SqliteDatabase(storagePath)
  t.teardown(() => db.close())
  return { backend, db }
}

t.test('of ended sessions the newest are kept, and active ones are never forgotten', async (t) => {
  const { backend, db } = open(t)
  const register = (agentId: string) => opening(agentId, { replace: true })
  backend.apply([{ command: register('stays') }], [])
  for (let batch = 0; batch < 30; batch++)
    backend.apply(
      Array.from({ length: 500 }, () => ({ command: register('comes again') })),
      [],
    )
  backend.prune()
  t.equal(db.prepare('SELECT count(*) FROM sessions WHERE active = 0').pluck().get(), 10_000)
  t.strictSame(db.prepare('SELECT agent_id FROM sessions WHERE active = 1 ORDER BY agent_id').pluck().all(), [
    'comes again',
    'stays',
  ])
})

t.test('after a burst the write-ahead log does not stay as large as it was', async (t) => {
  const { backend, db } = open(t)
  const post = (body: string): Command => {
    return {
      op: 'message.post',
      input: { from_agent: 'a', body, kind: 'chat', attachments: '[]', metadata: '{}' },
    }
  }
  const logMib = () => Math.round(statSync(`${backend.facts.storagePath}-wal`).size / MIB)
  // A reader in the middle of something keeps the log from being written back.
  const reading = db.prepare('SELECT * FROM channels').iterate()
  reading.next()
  for (let i = 0; i < 10; i++) backend.apply([{ command: post('x'.repeat(8 * MIB)) }], [])
  const atItsPeak = logMib()
  reading.return?.()
  backend.apply([{ command: post('writes it back') }], [])
  backend.apply([{ command: post('begins a new one') }], [])
  t.ok(atItsPeak > 60, `${atItsPeak} MiB at its peak`)
  t.ok(logMib() <= 32, `${logMib()} MiB afterwards`)
})
