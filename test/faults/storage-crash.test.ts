// The storage actor's thread is killed, at full size five times, which is just what the restart intensity
// allows, while clients post and wait. The doors stay open: what was acknowledged is kept, who waits keeps waiting on the
// same socket, and the hub is back within a second.

import t, { type Test } from 'tap'
import { Client } from 'undici'
import type { Hub } from '../../src/actors/hub.js'
import type { Intensity } from '../../src/actors/runtime/restart-window.js'
import type { Message } from '../../src/protocol/objects.js'
import { Calls, resultOf } from '../support/calls.js'
import { isFull, Random, rounds } from '../support/campaign.js'
import { startTestHub } from '../support/hub.js'
import { Ledger } from '../support/ledger.js'
import { LogLines } from '../support/log-lines.js'
import { percentile, until } from '../support/waiting.js'

const KILLS = rounds(2, 5)
const KILLS_AT_RANDOM = rounds(5, 100)
const POSTERS = 64
const POLLS = 20
/** Alone, the storage is back in about 0.1 s. Asserted at full size only: a small run may share its machine. */
const BACK_WITHIN_MS = 1_000
/** The same on a machine that is busy with the posters and with other tests. */
const BACK_UNDER_LOAD_WITHIN_MS = rounds(15_000, 2_000)
/** What a post may take at most, a restart of the storage included: more would be a hang. */
const POST_DEADLINE_MS = 5_000
const ACKNOWLEDGED_BETWEEN_KILLS = rounds(300, 8_000)

interface Posting {
  readonly ledger: Ledger
  stop(): Promise<void>
}

/** Posters that go on until they are stopped. Whoever is told to try again later takes a breath. */
function startPosters(t: Test, calls: Calls, keyed: boolean): Posting {
  const ledger = new Ledger()
  let posting = true
  const post = async (from_agent: string) => {
    while (posting) {
      const body = ledger.newBody()
      const settings = { deadlineMs: POST_DEADLINE_MS, key: keyed ? body.replace(' ', '-') : undefined }
      const reply = await calls.post<Message>('/v1/messages', { from_agent, body }, settings)
      if (reply.status === 201) {
        ledger.acknowledge(resultOf(reply))
        continue
      }
      const { code } = reply.envelope
      if (code === 'unavailable') ledger.refuse(body)
      else ledger.doubt(body)
      if (keyed || reply.status !== 503 || !reply.headers['retry-after']) {
        t.fail(`an unexpected answer: ${reply.status} ${JSON.stringify(reply.envelope)}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const posters = Array.from({ length: POSTERS }, (_, i) => post(`poster-${i}`))
  const all = Promise.all(posters)
  all.catch((error) => {
    posting = false
    t.fail(`a post had no answer: ${error}`)
  })
  return {
    ledger,
    stop: async () => {
      posting = false
      await all
    },
  }
}

/** Kills the storage; returns after how many milliseconds a post was accepted again. */
async function killStorage(hub: Hub, log: LogLines, calls: Calls): Promise<number> {
  const ends = log.count(/storage ended/)
  const killedAt = performance.now()
  await hub.kill('storage')
  await until('a post to be accepted', async () => {
    const reply = await calls.post('/v1/messages', {
      from_agent: 'prober',
      to_agent: 'nobody',
      body: 'there?',
    })
    return reply.status === 201
  })
  const backMs = performance.now() - killedAt
  await log.has(/storage ended/, ends + 1)
  await log.has(/storage is back/, ends + 1)
  return backMs
}

interface Campaign {
  readonly keyed: boolean
  readonly kills: number
  /** How many more posts have to be acknowledged before the next kill. */
  readonly between: () => number
  readonly intensity?: Intensity
}

async function crashWhilePosting(t: Test, { keyed, kills, between, intensity }: Campaign): Promise<void> {
  const log = new LogLines()
  const hub = await startTestHub(t, { logLevel: 'info', logSink: log, intensity })
  const calls = new Calls(t, hub.url)
  const { ledger, stop } = startPosters(t, calls, keyed)
  const backMs: number[] = []
  for (let kill = 1; kill <= kills; kill++) {
    const goal = ledger.acknowledged + between()
    await until(`${goal} acknowledged posts`, () => ledger.acknowledged >= goal, 60_000)
    backMs.push(await killStorage(hub, log, calls))
  }
  await stop()
  t.equal(log.count(/storage ended/), kills, 'it was killed as often as was meant')
  t.equal(log.count(/gateway ended/), 0, 'the gateway has lived on')
  t.ok(Math.max(...backMs) < BACK_UNDER_LOAD_WITHIN_MS, `it was back within ${BACK_UNDER_LOAD_WITHIN_MS} ms`)
  const [median, worst] = [percentile(backMs, 0.5), Math.max(...backMs)].map(Math.round)
  t.comment(`${kills} kills, back after ${median} ms, at worst ${worst}; ${ledger.summary}`)
  ledger.verify(t, await calls.everythingIn('general'))
}

const steadily = { kills: KILLS, between: () => ACKNOWLEDGED_BETWEEN_KILLS }

t.test(
  'posts without a key are kept once they are acknowledged, and refused at once meanwhile',
  async (t) => {
    await crashWhilePosting(t, { keyed: false, ...steadily })
  },
)

t.test('posts with a key are all acknowledged, as if nothing had happened', async (t) => {
  await crashWhilePosting(t, { keyed: true, ...steadily })
})

t.test('the same when the storage is killed over and over, at any moment', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const intensity = { maxRestarts: 1_000, withinMs: 30_000 }
  const between = () => random.between(1, 400)
  await crashWhilePosting(t, { keyed: true, kills: KILLS_AT_RANDOM, between, intensity })
  await crashWhilePosting(t, { keyed: false, kills: KILLS_AT_RANDOM, between, intensity })
})

t.test('parked long-polls stay connected and receive what is posted next', async (t) => {
  const log = new LogLines()
  const hub = await startTestHub(t, { logLevel: 'info', logSink: log })
  const calls = new Calls(t, hub.url)
  const polls = Array.from({ length: POLLS }, (_, i) => openPoll(t, hub.url, `waiter-${i}`))
  for (let kill = 1; kill <= KILLS; kill++) {
    const answers = polls.map((poll) => poll.next())
    await calls.waiting(POLLS)
    await killStorage(hub, log, calls)
    const posted = await calls.say({ body: `after kill ${kill}` })
    t.strictSame(
      await Promise.all(answers),
      Array(POLLS).fill([posted]),
      `everyone has received post ${kill}`,
    )
  }
  t.strictSame(
    polls.map((poll) => poll.connects()),
    Array(POLLS).fill(1),
    'each has used one socket all the time',
  )
  t.equal(log.count(/storage ended/), KILLS)
})

t.test('after each kill a hub answers a post again within a second', async (t) => {
  const log = new LogLines()
  const hub = await startTestHub(t, { logLevel: 'info', logSink: log })
  const calls = new Calls(t, hub.url)
  const backMs: number[] = []
  for (let kill = 1; kill <= KILLS; kill++) backMs.push(await killStorage(hub, log, calls))
  t.comment(`back after ${backMs.map(Math.round)} ms`)
  t.equal(log.count(/storage is back/), KILLS)
  t.ok(!isFull || Math.max(...backMs) < BACK_WITHIN_MS, 'at full size also at its worst')
})

t.test('a keyed post that arrives while the storage is away wakes those who waited before', async (t) => {
  const log = new LogLines()
  const hub = await startTestHub(t, { logLevel: 'info', logSink: log })
  const calls = new Calls(t, hub.url)
  const polls = Array.from({ length: POLLS }, (_, i) => openPoll(t, hub.url, `waiter-${i}`))
  for (let kill = 1; kill <= KILLS; kill++) {
    const answers = polls.map((poll) => poll.next())
    await calls.waiting(POLLS)
    const killed = hub.kill('storage')
    const posted = await calls.say({ body: `during kill ${kill}` }, { key: `kill-${kill}` })
    t.strictSame(
      await Promise.all(answers),
      Array(POLLS).fill([posted]),
      `everyone has received post ${kill}`,
    )
    await killed
    await log.has(/storage is back/, kill)
  }
})

interface OpenPoll {
  /** Long-polls on, after what came last. */
  next(): Promise<Message[]>
  /** How often it had to connect. */
  connects(): number
}

/** An agent that long-polls over one socket. */
function openPoll(t: Test, url: string, agentId: string): OpenPoll {
  const client = new Client(url)
  t.teardown(() => client.destroy())
  let connects = 0
  client.on('connect', () => connects++)
  let sinceId = 0
  return {
    next: async () => {
      const path = `/v1/events?agent_id=${agentId}&since_id=${sinceId}&timeout=60`
      const { body } = await client.request({ method: 'GET', path, headersTimeout: 70_000 })
      const { result } = (await body.json()) as { result: Message[] }
      sinceId = result.at(-1)?.id ?? sinceId
      return result
    },
    connects: () => connects,
  }
}
