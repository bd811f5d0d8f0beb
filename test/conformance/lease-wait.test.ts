// PROTOCOL §19, waiting for a claim or a lock: `timeout` on acquire, at both doors.

import { request } from 'node:http'
import t from 'tap'
import type { Claim, HubStatus, Lock } from '../../src/protocol/objects.js'
import { FileAgent } from '../support/file-agent.js'
import { join, parked, unique, until } from './steps.js'
import { needsOwnHub, openTarget, ownFolder, ownHub } from './target.js'
import type { Reply } from './wire.js'

t.jobs = 16
const hub = await openTarget(t)
const skip = !hub.announces('arc:lease_wait') && 'the hub does not announce arc:lease_wait'

type Row = Claim & Lock
const KINDS = [
  { path: '/v1/claims', key: 'claim_key', owner: 'owner_agent_id' },
  { path: '/v1/locks', key: 'file_path', owner: 'agent_id' },
] as const

for (const { path, key, owner } of KINDS) {
  const acquire = (name: string, agent: string, timeout = 0, more: object = {}, headers = {}) =>
    hub.post<Row>(`${path}?timeout=${timeout}`, { [key]: name, [owner]: agent, ...more }, headers)
  const release = (name: string, agent: string) =>
    hub.post(`${path}/release`, { [key]: name, agent_id: agent })
  const rowOf = async (name: string) =>
    (await hub.get<Row[]>(path, { active_only: true })).result.find((row) => row[key] === name)
  const waits = async (name: string, ...agents: string[]) =>
    until(`${agents} to wait for ${name}`, async () => {
      const { waiting = [] } = (await rowOf(name)) ?? {}
      return waiting.join() === agents.join()
    })
  const got = (reply: Reply<Row>) => [reply.status, reply.json.acquired, reply.result[owner]]

  t.test(
    `§19 ${path}: an acquire with timeout gets the lease as soon as it is released`,
    { skip },
    async (t) => {
      const name = unique('name')
      const first = await acquire(name, 'a')
      const second = acquire(name, 'b', 30)
      await waits(name, 'b')
      const freedAt = Date.now()
      await release(name, 'a')
      const reply = await second
      t.strictSame(got(reply), [201, true, 'b'])
      t.ok((reply.json.fence as number) > (first.json.fence as number))
      t.ok(Date.now() - freedAt < 5_000, 'and not by its timeout')
    },
  )

  t.test(
    `§19 ${path}: at the deadline the answer is acquired false, with the holder`,
    { skip },
    async (t) => {
      const name = unique('name')
      await acquire(name, 'a')
      const startedAt = Date.now()
      const reply = await acquire(name, 'b', 1)
      t.strictSame(got(reply), [200, false, 'a'])
      t.ok(Date.now() - startedAt >= 1_000)
      await waits(name)
      await release(name, 'a')
      t.strictSame(got(await acquire(name, 'c')), [201, true, 'c'], 'who waits no longer blocks nobody')
    },
  )

  t.test(`§19 ${path}: a free one, and one's own, is had at once`, { skip }, async (t) => {
    const name = unique('name')
    t.strictSame(got(await acquire(name, 'a', 30)), [201, true, 'a'])
    t.strictSame(got(await acquire(name, 'a', 30, { ttl_sec: 600 })), [201, true, 'a'])
  })

  t.test(`§19 ${path}: a lease that expires goes to the first who waits`, { skip }, async (t) => {
    const name = unique('name')
    const { expires_at } = (await acquire(name, 'a', 0, { ttl_sec: 5 })).result
    const second = acquire(name, 'b', 30)
    await waits(name, 'b')
    t.strictSame(got(await second), [201, true, 'b'])
    const lateMs = Date.now() - Date.parse(expires_at) - 1_000
    t.ok(lateMs >= 0 && lateMs < 2_000, `${lateMs} ms after its last second`)
  })

  t.test(`§19 ${path}: nobody overtakes those who wait`, { skip }, async (t) => {
    const name = unique('name')
    await acquire(name, 'a')
    const order: string[] = []
    const turn = async (agent: string) => {
      t.strictSame(got(await acquire(name, agent, 30)), [201, true, agent])
      order.push(agent)
      t.equal((await acquire(name, 'grabber')).json.acquired, false, 'an acquire without timeout')
      await release(name, agent)
    }
    const turns: Promise<void>[] = []
    const agents = ['b', 'c', 'd', 'e']
    for (const [i, agent] of agents.entries()) {
      turns.push(turn(agent))
      await waits(name, ...agents.slice(0, i + 1))
    }
    await release(name, 'a')
    const grabbed = await Promise.all(Array.from({ length: 5 }, (_, i) => acquire(name, `grabber-${i}`)))
    t.strictSame(grabbed.filter(({ json }) => json.acquired).length, 0)
    await Promise.all(turns)
    t.strictSame(order, agents)
    t.strictSame(got(await acquire(name, 'grabber')), [201, true, 'grabber'])
  })

  t.test(`§19 ${path}: who leaves blocks nobody, and gets nothing`, { skip }, async (t) => {
    const name = unique('name')
    await acquire(name, 'a')
    const { hostname, port } = new URL(hub.url)
    const leaving = request({ hostname, port, method: 'POST', path: `${path}?timeout=30` })
    leaving.on('error', () => {}).end(JSON.stringify({ [key]: name, [owner]: 'leaver' }))
    await waits(name, 'leaver')
    const next = acquire(name, 'b', 30)
    await waits(name, 'leaver', 'b')
    leaving.destroy()
    await waits(name, 'b')
    await release(name, 'a')
    t.strictSame(got(await next), [201, true, 'b'])
  })

  t.test(`§19 ${path}: an agent that asks again in time keeps its place`, { skip }, async (t) => {
    const name = unique('name')
    await acquire(name, 'a')
    const first = acquire(name, 'b', 1)
    await waits(name, 'b')
    const later = acquire(name, 'c', 30)
    await waits(name, 'b', 'c')
    t.equal((await first).json.acquired, false)
    await waits(name, 'c')
    const again = acquire(name, 'b', 30)
    await waits(name, 'b', 'c')
    await release(name, 'a')
    t.strictSame(got(await again), [201, true, 'b'])
    await release(name, 'b')
    t.strictSame(got(await later), [201, true, 'c'])
  })

  t.test(`§19 ${path}: two requests of one agent have one place, and both get it`, { skip }, async (t) => {
    const name = unique('name')
    await acquire(name, 'a')
    const both = [acquire(name, 'b', 30), acquire(name, 'b', 30)]
    await waits(name, 'b')
    await release(name, 'a')
    t.strictSame((await Promise.all(both)).map(got), [
      [201, true, 'b'],
      [201, true, 'b'],
    ])
  })

  t.test(`§19 ${path}: a request with a key gets its own answer again`, { skip }, async (t) => {
    const name = unique('name')
    const keyed = { 'idempotency-key': unique('key') }
    await acquire(name, 'a')
    const first = acquire(name, 'b', 30, {}, keyed)
    await waits(name, 'b')
    const second = acquire(name, 'b', 30, {}, keyed)
    await parked(hub)
    await release(name, 'a')
    const replies = [await first, await second, await acquire(name, 'b', 30, {}, keyed)]
    for (const reply of replies) t.strictSame(got(reply), [201, true, 'b'])
    t.equal(replies[2]?.headers['idempotency-replayed'], 'true')
    await release(name, 'b')
    t.equal(
      (await acquire(name, 'b', 30, {}, keyed)).text,
      replies[2]?.text,
      'also when it holds it no longer',
    )
    t.strictSame(got(await acquire(name, 'c')), [201, true, 'c'])
  })

  t.test(`§19 ${path}: GET /v1/agents/{agent_id} says what the agent waits for`, { skip }, async (t) => {
    const [name, agent] = [unique('name'), unique('agent')]
    await join(hub, agent)
    await acquire(name, 'a')
    const ahead = acquire(name, 'b', 30)
    await waits(name, 'b')
    const mine = acquire(name, agent, 30)
    await waits(name, 'b', agent)
    const whole = async () => (await hub.get<{ waits_for: object[] }>(`/v1/agents/${agent}`)).result.waits_for
    t.match(await whole(), [{ kind: path === '/v1/claims' ? 'claim' : 'lock', key: name, position: 2 }])
    await release(name, 'a')
    await ahead
    await release(name, 'b')
    await mine
    t.strictSame(await whole(), [])
  })
}

t.test(
  '§19 an agent that waits for a lease is alive, and is named',
  { skip: skip || needsOwnHub },
  async (t) => {
    const own = await ownHub(t, { presenceTtlSec: 5 })
    const path = 'src/app.ts'
    await own.post('/v1/locks', { agent_id: 'a', file_path: path, ttl_sec: 600 })
    for (const agent of ['waiter', 'idle']) await join(own, agent)
    const waiting = own.post<Lock>('/v1/locks?timeout=30', { agent_id: 'waiter', file_path: path })
    const status = async () => (await own.get<HubStatus>('/v1/status')).result
    await until('the waiter to be parked', async () => (await status()).waiting_polls === 1)
    t.strictSame((await status()).waiting_agents, ['waiter'])
    const present = async () =>
      (await own.get<{ agent_id: string }[]>('/v1/agents')).result.map((s) => s.agent_id)
    await until('the idle one to expire', async () => !(await present()).includes('idle'))
    await until('twice its time to pass', async () => (await status()).uptime_sec > 12)
    t.strictSame(await present(), ['waiter'])
    await own.post('/v1/locks/release', { agent_id: 'a', file_path: path })
    t.equal((await waiting).json.acquired, true)
  },
)

t.test('§19 a hub that stops answers who waits', { skip: skip || needsOwnHub }, async (t) => {
  const own = await ownHub(t)
  await own.post('/v1/locks', { agent_id: 'a', file_path: 'p' })
  const waiting = own.post<Lock>('/v1/locks?timeout=60', { agent_id: 'b', file_path: 'p' })
  await until('b to wait', async () => (await own.get<Lock[]>('/v1/locks')).result[0]?.waiting?.[0] === 'b')
  await own.hub.stop()
  t.match((await waiting).json, { acquired: false, result: { agent_id: 'a' } })
})

t.test(
  '§19 a request file waits as well, and holds up no other',
  { skip: skip || needsOwnHub },
  async (t) => {
    const spoolDir = `${await ownFolder(t)}/spool`
    const own = await ownHub(t, { spoolDir })
    const [b, c] = [new FileAgent(spoolDir, 'b'), new FileAgent(spoolDir, 'c')]
    const body = { file_path: 'p' }
    const waits = (...agents: string[]) =>
      until(`${agents} to wait`, async () => {
        const [row] = (await own.get<Lock[]>('/v1/locks')).result
        return row?.waiting?.join() === agents.join()
      })
    await own.post('/v1/locks', { agent_id: 'a', ...body })
    b.submit('1', { method: 'POST', path: '/v1/locks?timeout=60', body: { agent_id: 'b', ...body } })
    await waits('b')
    c.submit('1', { method: 'POST', path: '/v1/locks?timeout=60', body: { agent_id: 'c', ...body } })
    await waits('b', 'c')
    const overHttp = own.post<Lock>('/v1/locks?timeout=60', { agent_id: 'd', ...body })
    await waits('b', 'c', 'd')
    b.post('2', 'while it waits')
    t.equal((await b.responseTo('2')).status, 201)
    await own.post('/v1/locks/release', { agent_id: 'a', ...body })
    t.match((await b.responseTo('1')).body, { acquired: true, result: { agent_id: 'b' } })
    b.submit('3', { method: 'POST', path: '/v1/locks/release', body: { agent_id: 'b', ...body } })
    t.match((await c.responseTo('1')).body, { acquired: true, result: { agent_id: 'c' } })
    c.submit('2', { method: 'POST', path: '/v1/locks/release', body: { agent_id: 'c', ...body } })
    t.match((await overHttp).json, { acquired: true, result: { agent_id: 'd' } })
  },
)
