import t from 'tap'
import { PostgresBackend } from '../../src/storage/postgres/backend.js'
import { postgresServer } from '../support/postgres.js'
import { backendSuite } from './backend.suite.js'

const server = await postgresServer(t)
const settings = { hubId: 'test', presenceTtlSec: 120, allowRemote: false }

const storagePath = await server.room(t)

backendSuite(async (t, clock) => {
  await server.sql(storagePath, 'DROP SCHEMA IF EXISTS arc CASCADE')
  const backend = await PostgresBackend.open({
    storagePath,
    ...settings,
    clock,
    log: (_, text) => t.fail(text),
  })
  t.teardown(() => backend.close())
  return backend
})
