// The hub's whole process is killed by SIGKILL, again and again, and started anew on its port, while clients
// of the SDK post, each message with one key for all of its tries. In the end nothing that was acknowledged
// is missing, nothing is there twice, and the database is sound.

import SqliteDatabase from 'better-sqlite3'
import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { Calls } from '../support/calls.js'
import { Random, rounds } from '../support/campaign.js'
import { ownFolder } from '../support/folder.js'
import { Ledger } from '../support/ledger.js'
import { steadyPort } from '../support/ports.js'
import { startHubProcess } from '../support/processes.js'
import { until } from '../support/waiting.js'

const KILLS = rounds(5, 50)
const POSTERS = 16
/** Longer than a start on the busiest machine. */
const RETRY_FOR_SEC = 60
/** A kill comes after so many more acknowledged posts, at random: early in a life as well as late. */
const ACKNOWLEDGED_BEFORE_KILL = { min: 1, max: rounds(200, 1_000) }

t.test('a hub that is killed by SIGKILL loses no acknowledged message and stores none twice', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const storagePath = `${ownFolder(t)}/arc.sqlite3`
  const port = await steadyPort()
  const start = () =>
    startHubProcess(t, ['--storage', storagePath, '--port', `${port}`, '--log-level', 'warn'])
  let hub = await start()

  const ledger = new Ledger()
  let posting = true
  const post = async (agentId: string) => {
    const client = new ArcClient(agentId, { baseUrl: hub.url, retryFor: RETRY_FOR_SEC })
    t.teardown(() => client.close())
    while (posting) ledger.acknowledge(await client.post(ledger.newBody()))
  }
  const posters = Promise.all(Array.from({ length: POSTERS }, (_, i) => post(`poster-${i}`)))
  posters.catch((error) => {
    posting = false
    t.fail(`a post has failed: ${error}`)
  })
  const reader = new ArcClient('reader', { baseUrl: hub.url })
  t.teardown(() => reader.close())
  const seen: number[] = []
  const reading = (async () => {
    for await (const { id } of reader.messages({ sinceId: 0 })) seen.push(id)
  })()
  reading.catch((error) => t.fail(`the live feed has failed: ${error}`))

  const pids = new Set([hub.pid])
  for (let kill = 1; kill <= KILLS && posting; kill++) {
    const goal =
      ledger.acknowledged + random.between(ACKNOWLEDGED_BEFORE_KILL.min, ACKNOWLEDGED_BEFORE_KILL.max)
    await until(`${goal} acknowledged posts`, () => ledger.acknowledged >= goal || !posting, 60_000)
    const { signal } = await hub.end('SIGKILL')
    if (signal !== 'SIGKILL') t.fail(`the hub ended otherwise, by ${signal}: ${hub.log.join('\n')}`)
    hub = await start()
    pids.add(hub.pid)
  }
  posting = false
  await posters
  t.equal(pids.size, KILLS + 1, `${KILLS} processes were killed`)
  t.comment(ledger.summary)

  const stored = await new Calls(t, hub.url).everythingIn('general')
  ledger.verify(t, stored)
  const ids = stored.map(({ id }) => id)
  await until('the live feed to have everything', () => seen.length >= ids.length)
  t.strictSame(seen, ids, 'a live feed has shown each message once and in order')

  await reader.close()
  t.match(await hub.end('SIGTERM'), { code: 0 }, 'the last one stops in good order')
  const db = new SqliteDatabase(storagePath, { readonly: true })
  t.teardown(() => db.close())
  t.strictSame(db.pragma('integrity_check'), [{ integrity_check: 'ok' }], 'the database is sound')
})
