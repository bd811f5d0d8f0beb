// An agent that works for long between two calls stays (PROTOCOL §17): its session and its leases last while its client is
// open and its process runs, and end with them. At a hub of version 1 as far as that reaches.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { ArcClient, type QuickstartOptions } from '../../src/sdk/index.js'
import { startTestHub } from '../support/hub.js'
import { steadyPort } from '../support/ports.js'
import { until } from '../support/waiting.js'
import { scriptedHub } from './scripted-hub.js'

/** The shortest that a hub takes, for sessions and leases. */
const TTL_SEC = 5
/** Longer than two of them. */
const WORK_MS = 12_000
/** A session ends within 3 s of its process; on a machine that is busy with other tests it may take longer. */
const GONE_MS = 3_000
const GONE_UNDER_LOAD_MS = 15_000

t.jobs = 16
const hub = await startTestHub(t, { presenceTtlSec: TTL_SEC })

async function join(t: Test, agentId: string, given: QuickstartOptions = {}): Promise<ArcClient> {
  const client = await ArcClient.quickstart(agentId, { baseUrl: hub.url, ...given })
  t.teardown(() => client.close())
  return client
}

function observer(t: Test, baseUrl = hub.url): ArcClient {
  const client = new ArcClient('observer', { baseUrl })
  t.teardown(() => client.close())
  return client
}

const isListed = async (agentId: string, by: ArcClient) =>
  (await by.listAgents()).some(({ agent_id }) => agent_id === agentId)

for (const [how, process] of [
  ['by signs of life', false],
  ['by its process', undefined],
] as const) {
  t.test(`an agent that makes no call stays, and so do its leases, ${how}`, async (t) => {
    const agentId = `worker ${how}`
    const worker = await join(t, agentId, { process })
    const [other, watcher] = [await join(t, `other ${how}`), observer(t)]
    const path = `src/${how}.ts`
    t.match(await worker.lock(path, { ttlSec: TTL_SEC }), { acquired: true })
    t.match(await worker.claim(path, { ttlSec: TTL_SEC }), { acquired: true })
    const looks: boolean[] = []
    const endsAt = Date.now() + WORK_MS
    while (Date.now() < endsAt) {
      looks.push(await isListed(agentId, watcher))
      t.match(await other.lock(path, { ttlSec: TTL_SEC }), { acquired: false })
      t.match(await other.claim(path, { ttlSec: TTL_SEC }), { acquired: false })
      await pause(500)
    }
    t.ok(
      looks.every((listed) => listed),
      'it is on the list all the time',
    )
    await worker.unlock(path)
    await worker.release(path)
    t.match(await other.lock(path), { acquired: true })
  })
}

t.test('a lease that is not kept ends after its TTL', async (t) => {
  const worker = await join(t, 'brief')
  const other = await join(t, 'next')
  t.match(await worker.lock('brief.ts', { ttlSec: TTL_SEC, keep: false }), { acquired: true })
  await until('it to end', async () => (await other.lock('brief.ts', { ttlSec: TTL_SEC })).acquired)
})

t.test('a lease that the agent itself has extended keeps that TTL', async (t) => {
  const worker = await join(t, 'extends')
  await worker.lock('long.ts', { ttlSec: TTL_SEC })
  const { lock } = await worker.refreshLock('long.ts', { ttlSec: 600 })
  await pause(TTL_SEC * 1_000)
  const [held] = await worker.listLocks({ agentId: 'extends' })
  t.equal(held?.expires_at, lock.expires_at, 'no refresh has shortened it')
})

t.test('what an agent has said of itself is there again after a reset of the hub', async (t) => {
  const port = await steadyPort()
  const start = () => startTestHub(t, { port, presenceTtlSec: TTL_SEC })
  const first = await start()
  const said = { displayName: 'Ada', capabilities: ['rust'], metadata: { model: 'x' }, harness: 'codex' }
  const worker = await ArcClient.quickstart('worker', { baseUrl: first.url, ...said })
  t.teardown(() => worker.close())
  await first.stop()
  const second = await start()
  const watcher = observer(t, second.url)
  await until('it to be back', () => isListed('worker', watcher))
  const [session] = await watcher.listAgents()
  t.match(session, {
    display_name: 'Ada',
    capabilities: ['rust'],
    metadata: { model: 'x' },
    harness: 'codex',
    presence_ttl_sec: undefined,
  })
  await worker.close()
  t.notOk(await isListed('worker', watcher), 'and its close ends the session that it has now')
})

t.test('a session that another client has replaced is left to that one', async (t) => {
  const first = await join(t, 'twice', { displayName: 'first' })
  await join(t, 'twice', { displayName: 'second' })
  await pause(TTL_SEC * 1_000)
  const sessions = (await first.listAgents()).filter(({ agent_id }) => agent_id === 'twice')
  t.match(sessions, [{ display_name: 'second' }])
})

/** A program that signs in, locks a file and then does nothing else. */
function program(t: Test, name: string, then: string): ChildProcess {
  const sdk = new URL('../../src/sdk/index.js', import.meta.url).href
  const script = `
    const { ArcClient } = await import(${JSON.stringify(sdk)})
    const me = await ArcClient.quickstart(${JSON.stringify(name)}, { baseUrl: ${JSON.stringify(hub.url)} })
    await me.lock(${JSON.stringify(`${name}.ts`)}, { metadata: { thread_id: ${JSON.stringify(name)} } })
    process.stdout.write('holds')
    ${then}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH },
  })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

t.test(
  'an agent whose process is killed is gone at once, its lock is free, and its thread is told',
  async (t) => {
    const child = program(t, 'killed', 'setInterval(() => {}, 1_000)')
    await once(child.stdout as NodeJS.ReadableStream, 'data')
    const watcher = observer(t)
    t.ok(await isListed('killed', watcher))
    child.kill('SIGKILL')
    await once(child, 'exit')
    const endedAt = performance.now()
    await until('it to be gone', async () => !(await isListed('killed', watcher)))
    const tookMs = performance.now() - endedAt
    t.comment(`gone after ${Math.round(tookMs)} ms; the goal is ${GONE_MS}`)
    t.ok(tookMs < GONE_UNDER_LOAD_MS)
    t.match(await watcher.lock('killed.ts'), { acquired: true })
    t.match(await watcher.listMessages({ threadId: 'killed' }), [
      { kind: 'notice', metadata: { recovery: true } },
    ])
  },
)

t.test('a client that holds much lets go of it without a warning of Node', async (t) => {
  const warnings: string[] = []
  const note = ({ message }: Error) => warnings.push(message)
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  const paths = Array.from({ length: 15 }, (_, i) => `much/${i}.ts`)
  const client = await ArcClient.quickstart('holder-of-much', { baseUrl: hub.url })
  await Promise.all(paths.map((path) => client.lock(path)))
  await client.releaseAll({ signal: AbortSignal.timeout(30_000) })
  t.strictSame(await client.listLocks({ agentId: client.agentId, activeOnly: true }), [])
  await Promise.all(paths.map((path) => client.lock(path)))
  await client.close()
  await pause(50)
  t.strictSame(warnings, [])
})

t.test('an open client keeps no process alive', async (t) => {
  const child = program(t, 'leaves', '')
  t.strictSame(await once(child, 'exit'), [0, null])
})

t.test(
  'at a hub of version 1 the agent is shown by the listing, and signs in again when it is not on it',
  async (t) => {
    const sessions = new Set<string>()
    const v1 = await scriptedHub(t, (exchange) => {
      const { method, path, query, body } = exchange
      if (path === '/v1/hub-info') return exchange.ok({ features: ['relay'] })
      if (path.startsWith('/v1/bootstrap')) return exchange.ok({ latest_visible_id: 0 })
      if (method === 'POST' && path === '/v1/sessions') {
        sessions.add(String(body.agent_id))
        return exchange.ok({ session_id: 's', agent_id: body.agent_id })
      }
      if (path.startsWith('/v1/agents')) {
        if (exchange.nth === 1) sessions.delete(String(query.get('as')))
        return exchange.ok([...sessions].map((agent_id) => ({ agent_id })))
      }
      exchange.fail(404, { ok: false, error: 'no such route' })
    })
    const worker = await ArcClient.quickstart('worker', { baseUrl: v1.url, capabilities: ['review'] })
    t.teardown(() => worker.close())
    await v1.until((hub) => hub.of('POST /v1/sessions').length === 2)
    t.match(v1.of('POST /v1/sessions')[1]?.body, {
      agent_id: 'worker',
      capabilities: ['review'],
      replace: false,
    })
    t.equal(v1.of('GET /v1/agents')[0]?.query.get('as'), 'worker', 'the sign of life')
    t.strictSame(
      v1.seen.filter(({ path }) => path.endsWith('/alive')),
      [],
      'nothing is asked that such a hub does not have',
    )
  },
)
