// What a bare program reaches: it inserts the rows of messages in batches of 64, with the same driver, into a table with the
// same indexes, for a number of seconds. The job and the result cross IPC.

import pg from 'pg'
import { answerJob } from '../processes.js'

export interface InsertJob {
  /** A database that has the tables of a room. */
  readonly storage: string
  readonly seconds: number
}

export interface InsertResult {
  readonly requests: number
  readonly seconds: number
}

const BATCH = 64
const INSERT = `INSERT INTO bare_messages SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[],
  $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[], $11::text[])`

answerJob(async ({ storage, seconds }: InsertJob): Promise<InsertResult> => {
  const client = new pg.Client({ connectionString: storage.split('?')[0] })
  await client.connect()
  await client.query('DROP TABLE IF EXISTS bare_messages')
  await client.query('CREATE TABLE bare_messages (LIKE arc.messages INCLUDING ALL)')
  const startedAt = performance.now()
  let id = 0
  while (performance.now() - startedAt < seconds * 1_000) {
    const rows = Array.from({ length: BATCH }, () => ++id)
    const all = (value: unknown) => rows.map(() => value)
    const ts = new Date().toISOString()
    const texts = [ts, 'bench', null, 'general', 'chat', `message ${'x'.repeat(180)}`, '[]'].map(all)
    await client.query({
      name: 'insert',
      text: INSERT,
      values: [rows, ...texts, all(null), all(null), all('{}')],
    })
  }
  const tookSec = (performance.now() - startedAt) / 1_000
  await client.end()
  return { requests: id, seconds: tookSec }
})
