// A standby takes over. What was acknowledged is there if the primary waited for it. Else a hub that has seen more says so, and
// no id is given twice.

import t, { type Test } from 'tap'
import { StorageBusy } from '../../src/storage/backend.js'
import { PostgresBackend } from '../../src/storage/postgres/backend.js'
import { SKIPPED_IDS } from '../../src/storage/postgres/database.js'
import { isFull } from '../support/campaign.js'
import { following, type OwnServer, ownServer, standbyOf } from '../support/postgres.js'
import { until } from '../support/waiting.js'

const SETTINGS = { hubId: 'test', presenceTtlSec: 120, allowRemote: false, log: () => {} }

/** A primary, a standby of it, and the URL of a room on both. */
async function pair(t: Test) {
  const primary = await ownServer(t)
  const database = new URL((await primary.room(t)).split('?')[0] as string).pathname
  const standby = await ownServer(t, following(primary, 'standby'), standbyOf(primary))
  const hosts = [primary, standby].map(({ port }) => `127.0.0.1:${port}`)
  return { primary, standby, storagePath: `postgres://postgres@${hosts}${database}` }
}

async function post(backend: PostgresBackend, body: string): Promise<number | undefined> {
  const input = { from_agent: 'ann', body, kind: 'chat' as const, attachments: '[]', metadata: '{}' }
  for (;;) {
    try {
      return (await backend.apply([{ command: { op: 'message.post', input } }], [])).messages[0]?.id
    } catch (error) {
      if (!(error instanceof StorageBusy)) throw error
    }
  }
}

const replayed = async (primary: OwnServer, standby: OwnServer) => {
  const [at] = await primary.sql(primary.url, 'SELECT pg_current_wal_lsn() AS lsn')
  const isThere = `SELECT pg_last_wal_replay_lsn() >= '${at?.lsn}' AS is_there`
  await until(
    'the standby to have it',
    async () => (await standby.sql(standby.url, isThere))[0]?.is_there === true,
  )
}

const isLong = isFull ? false : 'in the long run only'

t.test(
  'with a synchronous standby everything acknowledged is there after the failover',
  { skip: isLong },
  async (t) => {
    const { primary, standby, storagePath } = await pair(t)
    const setting = "ALTER SYSTEM SET synchronous_standby_names = 'standby'"
    await primary.sql(primary.url, setting, 'SELECT pg_reload_conf()')
    const isSync = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
    await until('the standby to be synchronous', async () => (await primary.sql(primary.url, isSync))[0])
    const backend = await PostgresBackend.open({ storagePath, ...SETTINGS })
    t.teardown(() => backend.close())
    for (let id = 1; id <= 20; id++) t.equal(await post(backend, `${id}`), id)
    await primary.stop('immediate')
    await standby.sql(standby.url, 'SELECT pg_promote(true)')
    const startedAt = Date.now()
    t.equal(
      await post(backend, 'after'),
      20 + SKIPPED_IDS + 1,
      'ids that a lost commit could have had are left out',
    )
    t.ok(Date.now() - startedAt < 10_000)
    const { items } = await backend.page({ sinceId: 0, limit: 100 })
    t.equal(items.length, 21)
    t.equal(backend.health().storage_problem, null)
  },
)

t.test('a tail that the standby lacks is told of, and its ids are not given again', async (t) => {
  const { primary, standby, storagePath } = await pair(t)
  const backend = await PostgresBackend.open({ storagePath, ...SETTINGS })
  t.teardown(() => backend.close())
  let told: string | undefined
  backend.watchLoss((problem) => {
    told = problem
  })
  for (let id = 1; id <= 5; id++) await post(backend, `${id}`)
  await replayed(primary, standby)
  await standby.stop()
  t.equal(await post(backend, 'lost'), 6)
  await primary.stop('immediate')
  await standby.start()
  await standby.sql(standby.url, 'SELECT pg_promote(true)')
  const refusal = await post(backend, 'refused').catch((error) => error)
  t.match(refusal, {
    code: 'storage_lost',
    message: /has lost commits that this hub has seen, up to message 6/,
  })
  t.equal(told, refusal.message)
  const other = await PostgresBackend.open({ storagePath, ...SETTINGS })
  t.teardown(() => other.close())
  t.equal(await post(other, 'anew'), 5 + SKIPPED_IDS + 1)
})
