// Two hubs in two processes on one storage file: what is committed at one wakes who waits at the other, both
// are the same hub to their clients, and neither disturbs the other's sessions, claims or commits.

import SqliteDatabase from 'better-sqlite3'
import t, { type Test } from 'tap'
import type { Claim, HubInfo, Message, Session } from '../../src/protocol/objects.js'
import { ArcClient } from '../../src/sdk/index.js'
import { Calls, resultOf } from '../support/calls.js'
import { isFull, Random, rounds } from '../support/campaign.js'
import { EventReader } from '../support/event-reader.js'
import { ownFolder } from '../support/folder.js'
import { Ledger } from '../support/ledger.js'
import { steadyPort } from '../support/ports.js'
import { type HubInProcess, startHubProcess } from '../support/processes.js'
import { reportRaces, startRaces } from '../support/races.js'
import { percentile, until } from '../support/waiting.js'

const TTL_SEC = 5
const WAKE_UPS = rounds(20, 100)
const WAKE_UP_P95_MS = 100
const RACES = rounds(250, 5_000)
const CLAIMS = rounds(20, 200)
const STARTS = rounds(2, 15)
const KILLS = rounds(2, 15)

// One of the tests waits for sessions to outlive their time; the others need not wait for it.
t.jobs = 2

function hubOn(t: Test, storagePath: string, port = 0): Promise<HubInProcess> {
  const args = [
    '--storage',
    storagePath,
    '--port',
    port,
    '--presence-ttl-sec',
    TTL_SEC,
    '--log-level',
    'warn',
  ]
  return startHubProcess(t, args.map(String))
}

/** Two hubs on one fresh file, the second started when the first one runs. */
async function startTwo(t: Test): Promise<{ a: Calls; b: Calls }> {
  const storagePath = `${ownFolder(t)}/arc.sqlite3`
  const first = await hubOn(t, storagePath)
  const second = await hubOn(t, storagePath)
  return { a: new Calls(t, first.url), b: new Calls(t, second.url) }
}

t.test("sessions that long-poll at one hub outlive the other's start and its expiry", async (t) => {
  const storagePath = `${ownFolder(t)}/arc.sqlite3`
  const a = new Calls(t, (await hubOn(t, storagePath)).url)
  const waiting = Array.from({ length: 10 }, (_, i) => `waiting-${i}`)
  const opened: Session[] = []
  for (const agent_id of [...waiting, 'idle']) {
    opened.push(resultOf(await a.post<Session>('/v1/sessions', { agent_id })))
  }
  await a.post('/v1/claims', { owner_agent_id: 'idle', claim_key: 'of-the-idle', thread_id: 'idle-thread' })
  const polls = waiting.map((agent_id) =>
    a.get<Message[]>('/v1/events', { agent_id, thread_id: 'quiet', timeout: 60 }, 70_000),
  )
  await a.waiting(polls.length)

  // However long the second hub takes to start: who shows signs of life is there when it looks.
  const starting = hubOn(t, storagePath)
  let ready = false
  const done = () => {
    ready = true
  }
  starting.then(done, done)
  await until('the second hub to start', async () => {
    await a.get('/v1/agents', { as: 'idle' })
    return ready
  })
  const b = new Calls(t, (await starting).url)
  const liveAtB = async () =>
    resultOf(await b.get<Session[]>('/v1/agents')).map(({ session_id }) => session_id)
  const idsOf = (agents: readonly string[]) =>
    opened
      .filter(({ agent_id }) => agents.includes(agent_id))
      .map(({ session_id }) => session_id)
      .sort()
  t.strictSame((await liveAtB()).sort(), idsOf([...waiting, 'idle']), 'a hub that starts deactivates none')

  const seconds = 2 * TTL_SEC + 1
  const longAfter = Date.now() + seconds * 1_000
  await until(`${seconds} s to pass`, () => Date.now() > longAfter)
  t.strictSame((await liveAtB()).sort(), idsOf(waiting), 'who waits lives on, at both; who is idle does not')
  const notices = resultOf(await b.get<Message[]>('/v1/messages', { thread_id: 'idle-thread' }))
  t.match(notices, [{ from_agent: 'system', metadata: { recovery: true, stale_agent_id: 'idle' } }])
  t.equal(notices.length, 1, 'and its claim is released once, by one of the two')

  const posted = await b.say({ thread_id: 'quiet', body: 'you may go' })
  for (const rows of (await Promise.all(polls)).map(resultOf)) t.strictSame(rows, [posted], 'still waiting')
})

t.test('both report one instance', async (t) => {
  const { a, b } = await startTwo(t)
  const [atA, atB] = await Promise.all([a, b].map((hub) => hub.get<HubInfo>('/v1/hub-info')))
  t.match(atA?.envelope.result?.instance_id, /^mh1-[0-9a-f]{20}$/)
  t.equal(atB?.envelope.result?.instance_id, atA?.envelope.result?.instance_id)
  t.equal(atB?.headers['x-arc-instance'], atA?.headers['x-arc-instance'])
})

t.test('hubs that start in the same instant on a fresh file are all the same hub', async (t) => {
  for (let round = 1; round <= STARTS; round++) {
    const storagePath = `${ownFolder(t)}/arc.sqlite3`
    const hubs = await Promise.all([1, 2, 3].map(() => hubOn(t, storagePath)))
    const instances = new Set<string | undefined>()
    for (const { url } of hubs) {
      const { envelope } = await new Calls(t, url).get<HubInfo>('/v1/hub-info')
      instances.add(envelope.result?.instance_id)
    }
    t.equal(instances.size, 1, [...instances].join(' and '))
    await Promise.all(hubs.map((hub) => hub.end('SIGTERM')))
  }
})

t.test('a message posted at one hub wakes a long-poll at the other at once', async (t) => {
  const { a, b } = await startTwo(t)
  const wokenMs: number[] = []
  const wrong: unknown[] = []
  let since_id = 0
  for (let i = 1; i <= WAKE_UPS; i++) {
    const poll = b.get<Message[]>('/v1/messages', { channel: 'general', since_id, timeout: 50 }, 60_000)
    await b.waiting(1)
    const sentAt = performance.now()
    const woken = poll.then((reply) => {
      wokenMs.push(performance.now() - sentAt)
      return resultOf(reply)
    })
    const posted = await a.say({ body: `message ${i}` })
    const rows = await woken
    if (rows.length !== 1 || rows[0]?.id !== posted.id) wrong.push(rows)
    since_id = posted.id
  }
  t.strictSame(wrong, [], 'each has come by the poll that waited for it')
  const [p50, p95, max] = [0.5, 0.95, 1].map((share) => percentile(wokenMs, share)) as [
    number,
    number,
    number,
  ]
  t.comment(`woken after p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, longest ${max.toFixed(1)} ms`)
  t.ok(!isFull || p95 <= WAKE_UP_P95_MS, `at full size 95 of 100 came within ${WAKE_UP_P95_MS} ms`)
  t.ok(p50 < 500, 'by the watch on the log, not by the slow look')
})

t.test('a stream at one hub is told of what changes at the other', async (t) => {
  const storagePath = `${ownFolder(t)}/arc.sqlite3`
  const [a, b] = [await hubOn(t, storagePath), await hubOn(t, storagePath)]
  const reader = new EventReader(`${b.url}/v1/stream?agent_id=reader&changes=true`)
  t.teardown(() => reader.close())
  await reader.answered
  await new Calls(t, a.url).post('/v1/claims', { owner_agent_id: 'agent', claim_key: 'key' })
  await until('a hint at claims', () =>
    reader.events.some(({ event, data }) => event === 'changed' && data.includes('"claims"')),
  )
  t.pass()
})

t.test('what one hub has acknowledged, a listing at the other shows at once', async (t) => {
  const { a, b } = await startTwo(t)
  await b.everythingIn('general')
  const stale: string[] = []
  for (let i = 1; i <= WAKE_UPS; i++) {
    const { id } = await a.say({ body: `message ${i}` })
    const rows = resultOf(await b.get<Message[]>('/v1/messages', { channel: 'general', since_id: id - 1 }))
    if (rows[0]?.id !== id) stale.push(`${id} was not there`)
  }
  t.strictSame(stale, [])
})

t.test('a long-poll at one hub that races a post at the other always comes back with it', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const { a, b } = await startTwo(t)
  const races = startRaces({ posts: a, polls: b, random, races: RACES })
  await races.run
  reportRaces(t, races)
})

t.test('of agents that acquire one claim at both hubs at once exactly one gets it', async (t) => {
  const { a, b } = await startTwo(t)
  const wins = { a: 0, b: 0 }
  const wrong: string[] = []
  for (let round = 1; round <= CLAIMS; round++) {
    const claim_key = `claim-${round}`
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 === round % 2 ? a : b).post<Claim>('/v1/claims', { owner_agent_id: `agent-${i}`, claim_key }),
      ),
    )
    const winners = replies.flatMap(({ envelope }, i) => (envelope.acquired === true ? [i] : []))
    const holders = new Set(replies.map(({ envelope }) => envelope.result?.owner_agent_id))
    if (winners.length !== 1 || holders.size !== 1) wrong.push(`${claim_key}: ${winners}`)
    for (const i of winners) wins[i % 2 === round % 2 ? 'a' : 'b']++
  }
  t.strictSame(wrong, [])
  t.comment(`of ${CLAIMS} claims ${wins.a} were won at the one hub, ${wins.b} at the other`)
})

t.test(
  'a hub goes on as if nothing had happened while the other is killed in the middle of its commits',
  async (t) => {
    const random = new Random()
    t.comment(`seed ${random.seed}`)
    const storagePath = `${ownFolder(t)}/arc.sqlite3`
    const port = await steadyPort()
    let mortal = await hubOn(t, storagePath, port)
    const survivor = await hubOn(t, storagePath)
    const ledger = new Ledger()
    let posting = true
    const post = async (agentId: string, baseUrl: string, retryFor: number) => {
      const client = new ArcClient(agentId, { baseUrl, retryFor })
      t.teardown(() => client.close())
      while (posting) ledger.acknowledge(await client.post(ledger.newBody()))
    }
    const posters = Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        // Those at the hub that lives on do not retry: nothing may fail there.
        i % 2 === 0 ? post(`a-${i}`, mortal.url, 60) : post(`b-${i}`, survivor.url, 0),
      ),
    )
    posters.catch((error) => {
      posting = false
      t.fail(`a post has failed: ${error}`)
    })
    for (let kill = 1; kill <= KILLS && posting; kill++) {
      const goal = ledger.acknowledged + random.between(50, 300)
      await until(`${goal} acknowledged posts`, () => ledger.acknowledged >= goal || !posting, 60_000)
      await mortal.end('SIGKILL')
      mortal = await hubOn(t, storagePath, port)
    }
    posting = false
    await posters
    t.comment(`${KILLS} kills, ${ledger.summary}`)
    for (const hub of [mortal, survivor]) t.match(await hub.end('SIGTERM'), { code: 0 })
    const db = new SqliteDatabase(storagePath, { readonly: true })
    t.teardown(() => db.close())
    ledger.verify(t, db.prepare<[], Message>('SELECT * FROM messages').all())
    t.strictSame(db.pragma('integrity_check'), [{ integrity_check: 'ok' }])
  },
)
