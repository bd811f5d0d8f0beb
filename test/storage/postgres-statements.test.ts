// PostgreSQL accepts every statement that the rules can ask for. That each statement has a text in both engines is a matter
// of types: `Texts` names them all.

import pg from 'pg'
import t from 'tap'
import { PostgresBackend } from '../../src/storage/postgres/backend.js'
import { type StatementText, statement } from '../../src/storage/postgres/statement-text.js'
import { flightText, lastWrite, STATEMENTS } from '../../src/storage/postgres/statements.js'
import { STATEMENTS as SQLITE_STATEMENTS } from '../../src/storage/sqlite/statements.js'
import { postgresServer } from '../support/postgres.js'
import { SHAPES } from './statement-shapes.js'

/** Inputs of statements that depend on the input in PostgreSQL alone: they take a list out of its JSON text. */
const LISTS = { agentIds: '["a"]', ids: '[1]', places: '[1]', now: 'now' }

const server = await postgresServer(t)
const storagePath = await server.room(t)
const settings = { hubId: 'test', presenceTtlSec: 120, allowRemote: false, log: () => {} }
const backend = await PostgresBackend.open({ storagePath, ...settings })
t.teardown(() => backend.close())
const client = new pg.Client({ connectionString: storagePath })
await client.connect()
t.teardown(() => client.end())

t.test('both engines have the same statements', async (t) => {
  t.strictSame(Object.keys(STATEMENTS).sort(), Object.keys(SQLITE_STATEMENTS).sort())
})

for (const [name, known] of Object.entries(STATEMENTS) as [string, StatementText<unknown>][]) {
  t.test(`the server accepts ${name}`, async (t) => {
    const inputs = SHAPES[name] ?? [LISTS]
    const texts = typeof known === 'string' ? [known] : inputs.map((input) => known(input).text)
    for (const [i, text] of texts.entries()) {
      const prepared = `"${name} ${i}"`
      await t.resolves(client.query(`PREPARE ${prepared} AS ${statement(text, {}).text}`), text)
    }
  })
}

t.test('the server accepts the end of a transaction', async (t) => {
  for (const hasMessages of [true, false]) {
    for (const hasOutcomes of [true, false]) {
      const { text } = statement(lastWrite(hasMessages, hasOutcomes), {})
      await t.resolves(client.query(`PREPARE "end ${hasMessages} ${hasOutcomes}" AS ${text}`), text)
    }
  }
})

t.test('the server accepts a batch in one statement', async (t) => {
  for (const hasOutcomes of [true, false]) {
    const { text } = statement(flightText(hasOutcomes), {})
    await t.resolves(client.query(`PREPARE "flight ${hasOutcomes}" AS ${text}`), text)
  }
})
