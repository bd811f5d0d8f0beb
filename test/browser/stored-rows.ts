// Rooms whose rows are written into the storage while no hub runs: what no hub would take, and more of it than a test could post.

import Database from 'better-sqlite3'
import type { Test } from 'tap'
import type { Hub } from '../../src/actors/hub.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'

export type Row = Readonly<Record<string, string | number | null>>

export const NOW = new Date().toISOString()
export const LATER = new Date(Date.now() + 3_600_000).toISOString()

export const MESSAGE = {
  ts: NOW,
  from_agent: 'alice',
  to_agent: null,
  channel: 'general',
  kind: 'chat',
  body: 'said',
  attachments_json: '[]',
  reply_to: null,
  thread_id: null,
  metadata_json: '{}',
}

/** A hub on a storage that holds these rows, by table. */
export async function openWith(t: Test, tables: Readonly<Record<string, readonly Row[]>>): Promise<Hub> {
  const storagePath = `${ownFolder(t)}/arc.sqlite3`
  await (await startTestHub(t, { storagePath })).stop()
  const database = new Database(storagePath)
  database.transaction(() => {
    for (const [table, rows] of Object.entries(tables))
      for (const row of rows) {
        const names = Object.keys(row)
        const marks = names.map(() => '?').join()
        database.prepare(`INSERT INTO ${table} (${names.join()}) VALUES (${marks})`).run(Object.values(row))
      }
  })()
  database.close()
  return startTestHub(t, { storagePath })
}
