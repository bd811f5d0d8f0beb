// `arc relay` in front of a hub that serves no folder itself, as processes: what agents write into the folder
// reaches the hub once and is answered once, whichever of the two is killed meanwhile; and with no hub
// there, the answer says so.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import { ArcClient } from '../../src/sdk/index.js'
import { failure } from '../sdk/clients.js'
import { call, Place, type Running, statusOf } from '../support/arc-process.js'
import { Random, rounds } from '../support/campaign.js'
import { steadyPort } from '../support/ports.js'
import { until } from '../support/waiting.js'

t.jobs = 2

const SPOOL = '.arc-relay'
/** A relay lives as long as its test. */
const LIFE_MS = 600_000

interface Served {
  readonly place: Place
  readonly port: number
  readonly url: string
  /** Starts a stand-alone relay in the folder, and waits until it serves it. */
  relay(...args: string[]): Promise<Running>
  agent(agentId: string, options?: { timeout?: number; retryFor?: number }): ArcClient
}

/** A folder for a hub that has no relay of its own. */
async function folderWithout(t: Test): Promise<Served> {
  const place = new Place(t)
  const port = await steadyPort()
  const url = `http://127.0.0.1:${port}`
  return {
    place,
    port,
    url,
    relay: async (...args) => {
      const relay = place.start(['relay', '--base-url', url, ...args], { hangMs: LIFE_MS })
      await relay.says(`serves ${place.path(SPOOL)}`)
      return relay
    },
    agent: (agentId, options) => {
      const client = ArcClient.overRelay(agentId, { spoolDir: place.path(SPOOL), ...options })
      t.teardown(() => client.close())
      return client
    },
  }
}

/** The same with a hub that runs. */
async function served(t: Test) {
  const folder = await folderWithout(t)
  const hub = () => folder.place.ensure(['--no-relay', '--port', `${folder.port}`])
  return { ...folder, hub, running: await hub() }
}

/** Every broadcast in `general`. */
async function general(url: string): Promise<Message[]> {
  const found: Message[] = []
  for (;;) {
    const page = `/v1/messages?channel=general&limit=500&since_id=${found.at(-1)?.id ?? 0}`
    const rows = await call<Message[]>(url, page)
    if (rows.length === 0) return found
    found.push(...rows)
  }
}

/** The responses to an agent, without what comes at once when it ends. */
function responsesTo(place: Place, agentId: string): { status: number; error?: string }[] {
  const folder = place.path(SPOOL, 'responses', agentId)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .map((name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')))
}

t.test(
  'posts reach the hub and are answered, while a poll is parked and is answered by one of them',
  async (t) => {
    const { url, relay, agent, place } = await served(t)
    await relay()
    const waiting = agent('waiting').poll({ threadId: 'later', timeout: 50 })
    await until('the poll to wait', async () => (await statusOf(url)).waiting_polls === 1)
    const poster = agent('poster')
    const posted = await Promise.all(Array.from({ length: 40 }, (_, i) => poster.post(`post ${i}`)))
    t.equal((await statusOf(url)).waiting_polls, 1, 'it still waits')
    const last = await poster.post('now', { threadId: 'later' })
    t.strictSame(
      (await waiting).map(({ id }) => id),
      [last.id],
    )
    t.strictSame(
      (await general(url)).map(({ id, body }) => `${id} ${body}`),
      [...posted, last].sort((a, b) => a.id - b.id).map(({ id, body }) => `${id} ${body}`),
    )
    t.strictSame(
      [...new Set(responsesTo(place, 'poster').map(({ status }) => status))],
      [201],
      'statuses as over HTTP',
    )
  },
)

t.test('what the hub refuses is a delivered answer: 400, 404 and 409', async (t) => {
  const { relay, agent, place } = await served(t)
  await relay()
  const me = agent('me')
  await me.register()
  t.match(await failure(me.register()), { status: 409, code: 'session_exists' })
  t.match(await failure(me.post('hi', { channel: 'nowhere' })), { status: 400, message: /nowhere/ })
  t.match(await failure(me.getThread('none')), { status: 404, code: 'not_found' })
  for (const response of responsesTo(place, 'me').filter(({ status }) => status >= 400))
    t.match(response, { ok: false, error: String, body: { ok: false, error: response.error } })
})

t.test('what is no request for a hub is answered with 400, and nothing of it is sent', async (t) => {
  const { relay, place, agent } = await served(t)
  await relay()
  await agent('odd').listAgents()
  const { writeFileSync, renameSync } = await import('node:fs')
  const submit = (stem: string, request: object) => {
    const file = place.path(SPOOL, 'requests', 'odd', stem)
    writeFileSync(
      `${file}.part`,
      JSON.stringify({ request_id: stem, agent_id: 'odd', body: null, ...request }),
    )
    renameSync(`${file}.part`, `${file}.json`)
  }
  submit('a', { method: 'TRACE', path: '/v1/agents' })
  submit('b', { method: 'GET', path: '/v1/agents HTTP/1.1\r\nhost: elsewhere\r\n\r\n' })
  submit('c', { method: 'GET', path: 'http://127.0.0.1:1/v1/agents' })
  for (const stem of ['a', 'b', 'c']) {
    const path = place.path(SPOOL, 'responses', 'odd', `${stem}.json`)
    await until('the response', () => existsSync(path))
    t.match(JSON.parse(readFileSync(path, 'utf8')), { ok: false, status: 400, code: 'invalid_request' })
  }
})

t.test(
  'with no hub there, a request is answered with 599 in words, and is not made up for later',
  async (t) => {
    const { relay, agent, place, url, port } = await folderWithout(t)
    const between = await relay('--request-timeout-sec', '1')
    await between.says(/WARN .*connection refused/)
    const refused = await failure(agent('me').post('hello'))
    t.match(refused, {
      status: 599,
      code: 'hub_unreachable',
      message: /connection refused.*Nothing was done/,
    })
    await place.ensure(['--no-relay', '--port', `${port}`])
    await between.says(/the hub at .* is arc-hub, mh1-/)
    const { body } = await agent('me').post('hello again')
    t.strictSame(
      (await general(url)).map((message) => message.body),
      [body],
    )
  },
)

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} ends it with 0 and leaves the spool to the next at once`, async (t) => {
    const { relay, agent } = await served(t)
    const first = await relay()
    await agent('me').post('one')
    first.child.kill(signal)
    t.match(await first.finished, { status: 0, stdout: '' })
    await relay('--poll-interval-sec', '0.2')
    t.match(await agent('me').post('two'), { body: 'two' })
  })
}

t.test('a parked poll is answered when the relay ends, with words to try again', async (t) => {
  const { relay, agent, url } = await served(t)
  const between = await relay()
  const polling = failure(agent('me', { retryFor: 0 }).poll({ timeout: 50 }))
  await until('the poll to wait', async () => (await statusOf(url)).waiting_polls === 1)
  between.child.kill('SIGTERM')
  t.match(await polling, { status: 599, code: 'unavailable', message: /relay was stopped.*try again/ })
  t.match(await between.finished, { status: 0 })
})

t.test('a poll whose client has gone ends at the hub', async (t) => {
  const { relay, agent, url } = await served(t)
  await relay()
  const gone = new AbortController()
  const polling = failure(agent('me').poll({ timeout: 50, signal: gone.signal }))
  await until('the poll to wait', async () => (await statusOf(url)).waiting_polls === 1)
  gone.abort()
  await polling
  await until('it to end', async () => (await statusOf(url)).waiting_polls === 0)
})

t.test(
  'a hub with a relay of its own and a stand-alone relay never serve one folder at a time',
  async (t) => {
    const place = new Place(t)
    const { url } = await place.ensure()
    const between = place.start(['relay', '--base-url', url, '--poll-interval-sec', '0.2'])
    await between.says(/another host serves the spool.*stands by/)
    const me = ArcClient.overRelay('me', { spoolDir: place.path(SPOOL) })
    t.teardown(() => me.close())
    t.match(await me.post('served by the hub'), { body: 'served by the hub' })
    t.equal(between.child.exitCode, null, 'it waits for its turn')
  },
)

/** Posts from several agents while `disturb` is at work, each post waiting as long as it takes. */
async function postThrough(
  { agent }: Served,
  { agents, posts }: { agents: number; posts: number },
  disturb: (round: () => number) => Promise<void>,
): Promise<Message[]> {
  const acknowledged: Message[] = []
  const lanes = Array.from({ length: agents }, async (_, lane) => {
    const poster = agent(`poster-${lane}`, { timeout: 60, retryFor: 0 })
    for (let i = 0; i < posts; i++) acknowledged.push(await poster.post(`lane ${lane} post ${i}`))
  })
  await Promise.all([...lanes, disturb(() => acknowledged.length)])
  return acknowledged
}

/** Each post was answered once, with 201, and is there once, under the id that was told. */
async function verify(t: Test, { url, place }: Served, acknowledged: readonly Message[], agents: number) {
  const byId = (a: Message, b: Message) => a.id - b.id
  t.strictSame(await general(url), [...acknowledged].sort(byId), 'each post has had one effect')
  for (let lane = 0; lane < agents; lane++) {
    const requests = readdirSync(place.path(SPOOL, 'requests', `poster-${lane}`))
    t.strictSame(
      requests.filter((name) => name.endsWith('.json')),
      [],
    )
    const statuses = responsesTo(place, `poster-${lane}`).map(({ status }) => status)
    t.equal(statuses.length, acknowledged.length / agents)
    t.ok(
      statuses.every((status) => status === 201),
      'each is answered with 201',
    )
  }
}

t.test(
  'a hub that is killed and started again leaves each request with one effect and one answer',
  async (t) => {
    const folder = await served(t)
    await folder.relay('--request-timeout-sec', '60')
    const agents = 3
    const kills = rounds(2, 12)
    const random = new Random()
    t.comment(`seed ${random.seed}`)
    let { pid } = folder.running
    const acknowledged = await postThrough(folder, { agents, posts: 20 * kills }, async (done) => {
      for (let kill = 1; kill <= kills; kill++) {
        const after = (kill - 1) * 20 * agents + random.between(5, 30)
        await until('some posts', () => done() >= after, 60_000)
        process.kill(pid, 'SIGKILL')
        pid = (await folder.hub()).pid
      }
    })
    t.comment(`${kills} kills, ${acknowledged.length} posts`)
    await verify(t, folder, acknowledged, agents)
  },
)

t.test(
  'a relay that is killed at work and followed by another leaves one effect and one answer',
  async (t) => {
    const folder = await served(t)
    let between = await folder.relay('--poll-interval-sec', '0.2')
    const agents = 3
    const kills = rounds(2, 12)
    const random = new Random()
    t.comment(`seed ${random.seed}`)
    const acknowledged = await postThrough(folder, { agents, posts: 20 * kills }, async (done) => {
      for (let kill = 1; kill <= kills; kill++) {
        const after = (kill - 1) * 20 * agents + random.between(5, 30)
        await until('some posts', () => done() >= after, 60_000)
        between.child.kill('SIGKILL')
        await between.finished
        between = await folder.relay('--poll-interval-sec', '0.2')
      }
    })
    t.comment(`${kills} kills, ${acknowledged.length} posts`)
    await verify(t, folder, acknowledged, agents)
  },
)
