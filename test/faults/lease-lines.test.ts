// Many agents wait for one lock (PROTOCOL §19): each gets it once, in the order in which they came, with growing fences, and
// who has lost it is refused everywhere. Also while the storage or a whole hub is killed.

import t, { type Test } from 'tap'
import type { Lock } from '../../src/protocol/objects.js'
import { Calls, type Reply, resultOf } from '../support/calls.js'
import { Random, rounds } from '../support/campaign.js'
import { FileAgent } from '../support/file-agent.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { type HubInProcess, startHubProcess } from '../support/processes.js'
import { until } from '../support/waiting.js'

const AGENTS = 50
const KILLS = rounds(2, 20)
const LONG_MS = 90_000
const PATH = 'src/contended.ts'

t.jobs = 2

const namesOf = (count: number) => Array.from({ length: count }, (_, i) => `agent-${i}`)

async function lineAt(calls: Calls): Promise<readonly string[]> {
  const [row] = resultOf(await calls.get<Lock[]>('/v1/locks', { active_only: true }))
  return row?.waiting ?? []
}

function acquire(calls: Calls, agent_id: string, timeout: number, key?: string): Promise<Reply<Lock>> {
  const settings = { deadlineMs: LONG_MS, key }
  return calls.post<Lock>(`/v1/locks?timeout=${timeout}`, { agent_id, file_path: PATH }, settings)
}

const release = (calls: Calls, agent_id: string) =>
  calls.post('/v1/locks/release', { agent_id, file_path: PATH })

/** A turn at the lock: its agent and its fence. */
type Turn = readonly [agentId: string, fence: number]

const grows = (turns: readonly Turn[]) =>
  turns.every(([, fence], i) => i === 0 || fence > (turns[i - 1]?.[1] ?? 0))

t.test('of 50 agents that wait each gets the lock once, in order, with a greater fence', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const spoolDir = `${ownFolder(t)}/spool`
  const hub = await startTestHub(t, { spoolDir })
  const calls = new Calls(t, hub.url)
  const names = namesOf(AGENTS)
  const turns: Turn[] = []
  const wrong: string[] = []
  let holders = 0
  const first = await acquire(calls, 'first', 0)
  let lost: Turn = ['first', first.envelope.fence as number]

  /** Uses the lock, and shows that who had it before is refused in every verb. */
  const use = async (turn: Turn) => {
    if (++holders !== 1) wrong.push(`${turn[0]} is not the only holder`)
    turns.push(turn)
    const [agent, fence] = lost
    const under = { file_path: PATH, fence }
    const refusals = await Promise.all([
      calls.post('/v1/locks', { agent_id: agent, ...under }),
      calls.post('/v1/locks/refresh', { agent_id: agent, ...under }),
      calls.post('/v1/locks/release', { agent_id: agent, ...under }),
      calls.post('/v1/messages', { from_agent: agent, body: 'late', ...under }),
      calls.post('/v1/tasks/1/complete', under),
    ])
    for (const { status, envelope } of refusals) {
      if (status !== 409 || envelope.code !== 'stale_fence') wrong.push(`${agent} after ${turn}: ${status}`)
    }
    lost = turn
    holders--
  }
  const overHttp = async (agent: string) => {
    const { envelope } = await acquire(calls, agent, 60)
    if (envelope.acquired !== true) wrong.push(`${agent} did not get it`)
    await use([agent, envelope.fence as number])
    await release(calls, agent)
  }
  const overFiles = async (agent: string) => {
    const files = new FileAgent(spoolDir, agent)
    const body = { agent_id: agent, file_path: PATH }
    files.submit('1', { method: 'POST', path: '/v1/locks?timeout=60', body })
    const { acquired, fence } = (await files.responseTo('1', LONG_MS)).body as Reply<Lock>['envelope']
    if (acquired !== true) wrong.push(`${agent} did not get it`)
    await use([agent, fence as number])
    files.submit('2', { method: 'POST', path: '/v1/locks/release', body })
    await files.responseTo('2')
  }
  const waiting: Promise<void>[] = []
  for (const [i, agent] of names.entries()) {
    waiting.push(random.next() < 0.5 ? overHttp(agent) : overFiles(agent))
    await until(`${agent} to wait`, async () => (await lineAt(calls)).length === i + 1)
  }
  t.strictSame(await lineAt(calls), names)
  await release(calls, 'first')
  await Promise.all(waiting)
  t.strictSame(wrong, [])
  t.strictSame(
    turns.map(([agent]) => agent),
    names,
  )
  t.ok(grows([['first', first.envelope.fence as number], ...turns]))
})

t.test('who waits keeps its place while the storage is killed', async (t) => {
  const hub = await startTestHub(t, { intensity: { maxRestarts: 1_000, withinMs: 30_000 } })
  const calls = new Calls(t, hub.url)
  const names = namesOf(10)
  await acquire(calls, 'first', 0)
  const turns: Turn[] = []
  const wait = async (agent: string, key?: string) => {
    const { status, envelope } = await acquire(calls, agent, 60, key)
    t.equal(status, 201, JSON.stringify(envelope))
    turns.push([agent, envelope.fence as number])
    const { status: released } = await calls.post(
      '/v1/locks/release',
      { agent_id: agent, file_path: PATH },
      { key: `release-${agent}` },
    )
    t.equal(released, 200)
  }
  const waiting: Promise<void>[] = []
  for (const [i, agent] of names.entries()) {
    waiting.push(wait(agent, i % 2 ? `acquire-${agent}` : undefined))
    await until(`${agent} to wait`, async () => (await lineAt(calls)).length === i + 1)
  }
  for (let kill = 1; kill <= KILLS; kill++) {
    await hub.kill('storage')
    await until('the storage to be back', async () => (await calls.get('/v1/locks')).status === 200)
    t.strictSame(await lineAt(calls), names, `after kill ${kill}`)
  }
  await calls.post('/v1/locks/release', { agent_id: 'first', file_path: PATH }, { key: 'release-first' })
  await Promise.all(waiting)
  t.strictSame(
    turns.map(([agent]) => agent),
    names,
  )
  t.ok(grows(turns))
})

const hubOn = (t: Test, storagePath: string): Promise<HubInProcess> =>
  startHubProcess(t, ['--storage', storagePath, '--port', '0', '--log-level', 'warn'])

t.test('two hubs on one storage serve one line, and a hub that is killed holds up nobody', async (t) => {
  const storagePath = `${ownFolder(t)}/arc.sqlite3`
  const hubs = [await hubOn(t, storagePath), await hubOn(t, storagePath)] as const
  const [a, b] = hubs.map((hub) => new Calls(t, hub.url)) as [Calls, Calls]
  await acquire(a, 'first', 0)
  const names = namesOf(6)
  const turns: string[] = []
  const waiting: Promise<void>[] = []
  for (const [i, agent] of names.entries()) {
    const calls = i % 2 ? b : a
    const wait = async () => {
      const reply = await acquire(calls, agent, 60)
      if (reply.envelope.acquired === true) turns.push(agent)
      await release(calls, agent)
    }
    waiting.push(wait())
    await until(`${agent} to wait`, async () => (await lineAt(a)).length === i + 1)
  }
  await release(a, 'first')
  await Promise.all(waiting)
  t.strictSame(turns, names, 'in order, whichever hub they ask')

  await acquire(a, 'first', 0)
  const dead = acquire(b, 'at-the-dead-hub', 60).catch(() => 'the connection was lost')
  await until('it to wait', async () => (await lineAt(a)).length === 1)
  const next = acquire(a, 'next', 60)
  await until('the next one to wait', async () => (await lineAt(a)).length === 2)
  await hubs[1].end('SIGKILL')
  t.equal(await dead, 'the connection was lost')
  await release(a, 'first')
  const startedAt = performance.now()
  t.equal((await next).envelope.acquired, true)
  t.ok(performance.now() - startedAt < 15_000, 'the place of the dead lapses soon')
})
