// Fences in a database that another implementation writes to, or wrote to before there were fences (PROTOCOL §11, §19).

import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import t from 'tap'
import { openDatabase } from '../../src/storage/sqlite/database.js'
import { prepareSchema } from '../../src/storage/sqlite/schema.js'
import { ownFolder } from '../support/folder.js'

const LEASES = [
  { kind: 'claim', table: 'claims', key: 'claim_key', owner: 'owner_agent_id', since: 'claimed_at' },
  { kind: 'lock', table: 'locks', key: 'file_path', owner: 'agent_id', since: 'locked_at' },
]

for (const { kind, table, key, owner, since } of LEASES) {
  t.test(`another implementation's statements give a ${kind} its fence`, (t) => {
    const path = join(ownFolder(t), 'arc.sqlite3')
    openDatabase(path).close()
    const db = new SqliteDatabase(path)
    t.teardown(() => db.close())
    const fence = () =>
      db.prepare('SELECT fence FROM arc_fences WHERE kind = ? AND key = ?').pluck().get(kind, 'k') as number
    const values = `(${key}, ${owner}, ${since}, expires_at, released_at) VALUES ('k', ?, ?, 'later', NULL)`
    const steps: [grows: boolean, text: string, ...values: string[]][] = [
      [true, `INSERT INTO ${table} ${values}`, 'ann', '1'],
      [false, `UPDATE ${table} SET expires_at = 'even later'`],
      [true, `INSERT OR REPLACE INTO ${table} ${values}`, 'bob', '2'],
      [false, `UPDATE ${table} SET released_at = 'now'`],
      [true, `UPDATE ${table} SET ${owner} = 'eve', ${since} = '3', released_at = NULL`],
      [true, `UPDATE ${table} SET ${owner} = 'dan'`],
      [true, `INSERT INTO ${table} ${values} ON CONFLICT DO UPDATE SET ${since} = '4'`, 'dan', '4'],
    ]
    let last = 0
    for (const [grows, text, ...given] of steps) {
      db.prepare(text).run(...given)
      if (grows) t.ok(fence() > last, text)
      else t.equal(fence(), last, text)
      last = fence()
    }
    db.prepare(`INSERT INTO ${table} (${key}) VALUES (NULL)`).run()
    t.equal(
      db.prepare('SELECT count(*) FROM arc_fences').pluck().get(),
      2,
      'a key that is no key stops nothing',
    )
    t.end()
  })
}

t.test('leases from before there were fences have one', (t) => {
  const db = new SqliteDatabase(':memory:')
  t.teardown(() => db.close())
  prepareSchema(db, 5)
  db.exec("INSERT INTO claims (claim_key, claimed_at) VALUES ('b', '1'), ('a', '2'), (NULL, '3')")
  db.exec("INSERT INTO locks (file_path, locked_at) VALUES ('p', '1')")
  prepareSchema(db)
  const fences = db.prepare("SELECT kind || ' ' || key FROM arc_fences ORDER BY fence").pluck().all()
  t.strictSame(fences, ['claim b', 'claim a', 'lock p'])
  t.end()
})
