import { SqliteBackend } from '../../src/storage/sqlite/backend.js'
import { rounds } from '../support/campaign.js'
import { mailboxHistories } from './mailbox-histories.suite.js'

let last: SqliteBackend | undefined

mailboxHistories(rounds(100, 2_000), (_, clock) => {
  last?.close()
  last = SqliteBackend.open({
    storagePath: ':memory:',
    hubId: 'test',
    presenceTtlSec: 1_000_000,
    allowRemote: false,
    log: () => {},
    clock,
  })
  return last
})
