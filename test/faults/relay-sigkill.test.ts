// The hub's process is killed by SIGKILL at random moments, while agents keep many request files on their
// way, some by the SDK. In the end every request has exactly one response file and exactly one effect.

import SqliteDatabase from 'better-sqlite3'
import t from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import { ArcClient } from '../../src/sdk/index.js'
import { Random, rounds } from '../support/campaign.js'
import { FileAgent, FilePoster } from '../support/file-agent.js'
import { ownFolder } from '../support/folder.js'
import { Ledger } from '../support/ledger.js'
import { startHubProcess } from '../support/processes.js'
import { percentile, until } from '../support/waiting.js'

const KILLS = rounds(4, 200)
const RAW_AGENTS = 6
const SDK_AGENTS = 2
const IN_FLIGHT = 25
/** A request may live through many kills before its turn comes; at full size that takes long. */
const PATIENCE_SEC = 1_200
/** A kill comes after so many more answers, at random. */
const ANSWERS_BEFORE_KILL = { min: 1, max: 400 }
/** This share comes as soon as the hub is up, while it finishes what the one before it has left. */
const KILLED_AT_ONCE = 0.25

t.test('a hub that is killed at any moment executes and answers every request file once', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const folder = ownFolder(t)
  const storagePath = `${folder}/arc.sqlite3`
  const spool = `${folder}/spool`
  const args = ['--storage', storagePath, '--port', '0', '--spool-dir', spool, '--log-level', 'warn']
  const start = () => startHubProcess(t, [...args, '--request-ttl-sec', `${2 * PATIENCE_SEC}`])
  let hub = await start()

  const ledger = new Ledger()
  const posters = Array.from(
    { length: RAW_AGENTS },
    (_, i) => new FilePoster(t, new FileAgent(spool, `raw-${i}`), ledger, IN_FLIGHT, PATIENCE_SEC),
  )
  let posting = true
  let sdkPosts = 0
  const lane = async (client: ArcClient) => {
    for (; posting; sdkPosts++) ledger.acknowledge(await client.post(ledger.newBody()))
  }
  const lanes = Array.from({ length: SDK_AGENTS }, (_, i) => {
    const client = ArcClient.overRelay(`sdk-${i}`, { spoolDir: spool, timeout: PATIENCE_SEC })
    t.teardown(() => client.close())
    return Array.from({ length: IN_FLIGHT }, () => lane(client))
  }).flat()
  const all = Promise.all([...posters.map(({ run }) => run), ...lanes])
  all.catch((error) => {
    posting = false
    t.fail(`a post has failed: ${error}`)
  })

  const startMs: number[] = []
  for (let kill = 1; kill <= KILLS && posting; kill++) {
    const more = random.between(ANSWERS_BEFORE_KILL.min, ANSWERS_BEFORE_KILL.max)
    const goal = ledger.acknowledged + (random.next() < KILLED_AT_ONCE ? 0 : more)
    await until(`${goal} answers`, () => ledger.acknowledged >= goal || !posting, 60_000)
    const { signal } = await hub.end('SIGKILL')
    if (signal !== 'SIGKILL') t.fail(`the hub ended otherwise, by ${signal}: ${hub.log.join('\n')}`)
    const startedAt = performance.now()
    hub = await start()
    startMs.push(performance.now() - startedAt)
  }
  posting = false
  for (const poster of posters) poster.stop()
  await all
  const raw = posters.reduce((sum, { sent }) => sum + sent, 0)
  t.comment(`${KILLS} kills, ${raw} raw posts, ${sdkPosts} by the SDK; ${ledger.summary}`)
  t.comment(`started again in p50 ${percentile(startMs, 0.5).toFixed(0)} ms`)
  t.equal(ledger.acknowledged, raw + sdkPosts, 'every request was answered with the message that it posted')
  for (const { agent, sent } of posters) {
    const responses = agent.allFiles('responses')
    t.equal(responses.length, sent, `${agent.agentId} has one response file for each request`)
    t.equal(new Set(responses).size, sent)
    const requests = agent.allFiles('requests')
    t.equal(requests.filter((name) => name.endsWith('.work')).length, sent, 'each was claimed once')
    t.equal(requests.length, sent, 'and nothing else is there')
  }

  t.match(await hub.end('SIGTERM'), { code: 0 }, 'the last one stops in good order')
  const db = new SqliteDatabase(storagePath, { readonly: true })
  t.teardown(() => db.close())
  ledger.verify(t, db.prepare<[], Message>('SELECT * FROM messages').all())
  t.strictSame(db.pragma('integrity_check'), [{ integrity_check: 'ok' }], 'the database is sound')
})
