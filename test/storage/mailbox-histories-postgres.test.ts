import t from 'tap'
import { PostgresBackend } from '../../src/storage/postgres/backend.js'
import { rounds } from '../support/campaign.js'
import { postgresServer } from '../support/postgres.js'
import { mailboxHistories } from './mailbox-histories.suite.js'

const server = await postgresServer(t)
const storagePath = await server.room(t)
let last: PostgresBackend | undefined
t.teardown(() => last?.close())

mailboxHistories(rounds(10, 300), async (t, clock) => {
  await last?.close()
  await server.sql(storagePath, 'DROP SCHEMA IF EXISTS arc CASCADE')
  last = await PostgresBackend.open({
    storagePath,
    hubId: 'test',
    presenceTtlSec: 1_000_000,
    allowRemote: false,
    log: (_, text) => t.fail(text),
    clock,
  })
  return last
})
