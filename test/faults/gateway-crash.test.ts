// The gateway actor's thread is killed, at full size five times, while clients of the SDK post and read. Every
// socket is lost with it; it comes back on the same port, the clients connect again by themselves, and
// nothing is lost or done twice.

import t, { type Test } from 'tap'
import type { Hub } from '../../src/actors/hub.js'
import type { HubStatus, Message } from '../../src/protocol/objects.js'
import { ArcClient, ArcError } from '../../src/sdk/index.js'
import { Calls, resultOf } from '../support/calls.js'
import { rounds } from '../support/campaign.js'
import { startTestHub } from '../support/hub.js'
import { Ledger } from '../support/ledger.js'
import { LogLines } from '../support/log-lines.js'
import { steadyPort } from '../support/ports.js'
import { until } from '../support/waiting.js'

const KILLS = rounds(2, 5)
const POSTERS = 64
const FEEDS = 20
const RETRY_FOR_SEC = 30
/** At full size, on a machine that does nothing else. */
const BACK_WITHIN_MS = rounds(15_000, 2_000)
const ACKNOWLEDGED_BETWEEN_KILLS = rounds(300, 8_000)

interface Scene {
  readonly hub: Hub
  readonly log: LogLines
  client(agentId: string): ArcClient
  /** Kills the gateway; returns after how many milliseconds the port answered again. */
  kill(): Promise<number>
}

async function openScene(t: Test): Promise<Scene> {
  const log = new LogLines()
  const hub = await startTestHub(t, { port: await steadyPort(), logLevel: 'info', logSink: log })
  const client = (agentId: string) => {
    const made = new ArcClient(agentId, { baseUrl: hub.url, retryFor: RETRY_FOR_SEC })
    t.teardown(() => made.close())
    return made
  }
  const prober = new ArcClient('prober', { baseUrl: hub.url, retryFor: 0 })
  t.teardown(() => prober.close())
  const kill = async () => {
    const ends = log.count(/gateway ended/)
    const killedAt = performance.now()
    await hub.kill('gateway')
    await until('the port to answer', () =>
      prober.status().then(
        () => true,
        (error) => !(error instanceof ArcError && error.retryable) && Promise.reject(error),
      ),
    )
    const backMs = performance.now() - killedAt
    await log.has(/gateway ended/, ends + 1)
    await log.has(/gateway is back/, ends + 1)
    return backMs
  }
  return { hub, log, client, kill }
}

t.test('clients that retry post through crashes of the gateway: each message once', async (t) => {
  const { hub, log, client, kill } = await openScene(t)
  const ledger = new Ledger()
  let posting = true
  const post = async (poster: ArcClient) => {
    while (posting) ledger.acknowledge(await poster.post(ledger.newBody()))
  }
  const posters = Promise.all(Array.from({ length: POSTERS }, (_, i) => post(client(`poster-${i}`))))
  posters.catch((error) => {
    posting = false
    t.fail(`a post has failed: ${error}`)
  })
  const backMs: number[] = []
  for (let i = 0; i < KILLS; i++) {
    const goal = ledger.acknowledged + ACKNOWLEDGED_BETWEEN_KILLS
    await until(`${goal} acknowledged posts`, () => ledger.acknowledged >= goal, 60_000)
    backMs.push(await kill())
  }
  posting = false
  await posters
  t.equal(log.count(/gateway ended/), KILLS, 'it was killed as often as was meant')
  t.equal(log.count(/storage ended/), 0, 'the storage has lived on')
  t.ok(Math.max(...backMs) < BACK_WITHIN_MS, `the port answered again within ${BACK_WITHIN_MS} ms`)
  t.comment(`back after ${backMs.map(Math.round)} ms; ${ledger.summary}`)
  ledger.verify(t, await new Calls(t, hub.url).everythingIn('general'))
})

t.test('live feeds go on through crashes of the gateway: each message once, in order', async (t) => {
  const { client, kill } = await openScene(t)
  const poster = client('poster')
  const posted: number[] = []
  const feeds = Array.from({ length: FEEDS }, (_, i) => {
    const seen: number[] = []
    const reading = (async () => {
      for await (const { id } of client(`reader-${i}`).messages({ sinceId: 0 })) seen.push(id)
    })()
    reading.catch((error) => t.fail(`a feed has failed: ${error}`))
    return seen
  })
  const everyoneHasAll = () =>
    until(`everyone to have ${posted.length} messages`, () =>
      feeds.every((seen) => seen.length >= posted.length),
    )
  for (let i = 0; i < KILLS; i++) {
    posted.push((await poster.post('before the crash')).id)
    await everyoneHasAll()
    const back = kill()
    posted.push((await poster.post('while the gateway is away')).id)
    await back
    posted.push((await poster.post('after the crash')).id)
    await everyoneHasAll()
  }
  t.strictSame(feeds, Array(FEEDS).fill(posted))
})

t.test('a crash of the gateway costs no agent its session, and no holder its claim', async (t) => {
  const { client, kill } = await openScene(t)
  const agent = client('agent')
  const session = await agent.register()
  await agent.claim('the-claim')
  await kill()
  const after = await agent.bootstrap()
  t.equal(after.session?.session_id, session.session_id)
  t.match(await agent.listClaims({ activeOnly: true }), [{ claim_key: 'the-claim', owner_agent_id: 'agent' }])
})

t.test('the gateway that follows waits for as many as are there, not for those who were lost', async (t) => {
  const { hub, kill } = await openScene(t)
  const calls = new Calls(t, hub.url)
  const lost = Array.from({ length: FEEDS }, (_, i) =>
    calls.get('/v1/events', { agent_id: `lost-${i}`, timeout: 60 }, 70_000).then(
      () => 'answered',
      () => 'lost',
    ),
  )
  await calls.waiting(FEEDS)
  await kill()
  t.strictSame(await Promise.all(lost), Array(FEEDS).fill('lost'), 'their sockets were closed at once')
  t.equal(resultOf(await calls.get<HubStatus>('/v1/status')).waiting_polls, 0)
})

t.test('both actors may crash at once, in either order', async (t) => {
  for (const order of [['storage', 'gateway'] as const, ['gateway', 'storage'] as const]) {
    const log = new LogLines()
    const port = await steadyPort()
    const hub = await startTestHub(t, {
      port,
      logLevel: 'info',
      logSink: log,
    })
    await Promise.all(order.map((actor) => hub.kill(actor)))
    const client = new ArcClient('agent', { baseUrl: hub.url, retryFor: RETRY_FOR_SEC })
    t.teardown(() => client.close())
    const posted: Message | string = await Promise.race([
      client.post('still there'),
      hub.stopped.then((status) => `the hub gave up with status ${status}: ${log.lines.at(-1)}`),
    ])
    t.match(posted, { body: 'still there' }, `${order.join(', then ')}`)
  }
})
