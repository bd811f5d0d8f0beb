import { join } from 'node:path'
import { SqliteBackend } from '../../src/storage/sqlite/backend.js'
import { ownFolder } from '../support/folder.js'
import { backendSuite } from './backend.suite.js'

backendSuite((t, clock) => {
  const settings = { hubId: 'test', presenceTtlSec: 120, allowRemote: false, log: () => {}, clock }
  const backend = SqliteBackend.open({ storagePath: join(ownFolder(t), 'arc.sqlite3'), ...settings })
  t.teardown(() => backend.close())
  return backend
})
