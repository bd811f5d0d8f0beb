import { SqliteBackend } from '../../src/storage/sqlite/backend.js'
import { backendSuite } from './backend.suite.js'

backendSuite((t, clock) => {
  const settings = { hubId: 'test', presenceTtlSec: 120, allowRemote: false, log: () => {}, clock }
  const backend = SqliteBackend.open({ storagePath: ':memory:', ...settings })
  t.teardown(() => backend.close())
  return backend
})
