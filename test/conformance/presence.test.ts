// PROTOCOL §17, presence that is true: a session lives as long as it says, or as long as its process, and is taken up
// again as it is.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import type { Claim, Lock, Message, Session } from '../../src/protocol/objects.js'
import { join, refused, sessionOf, unique, until } from './steps.js'
import { needsOwnHub, openTarget, ownHub } from './target.js'

const TTL_SEC = 5
/** A session whose process has ended ends within this time. */
const GONE_WITHIN_MS = 3_000
/** The same on a machine that is busy with other tests. */
const GONE_UNDER_LOAD_MS = 15_000

const skip = needsOwnHub
t.jobs = 32
const hub = skip ? await openTarget(t) : await ownHub(t, { presenceTtlSec: TTL_SEC })

/** A program that runs until it is killed, as an agent's harness does. */
async function program(t: Test): Promise<{ child: ChildProcess; process: object }> {
  const started_at = new Date().toISOString()
  const child = spawn('sleep', ['600'], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  return { child, process: { pid: child.pid, started_at } }
}

const alive = (agent: string) => hub.post<Session>(`/v1/sessions/${encodeURIComponent(agent)}/alive`, {})
const gone = (agent: string) => until(`${agent} to be gone`, async () => !(await sessionOf(hub, agent)))

t.test('§17 hub-info announces presence', { skip }, async (t) => {
  t.ok(hub.announces('arc:presence'))
})

t.test(
  '§17 a session with a presence TTL of its own outlives the TTL of the hub, and says so',
  { skip },
  async (t) => {
    const [brief, long] = [unique('agent'), unique('agent')]
    await join(hub, brief)
    t.equal((await join(hub, long, { presence_ttl_sec: 3_600 })).presence_ttl_sec, 3_600)
    await gone(brief)
    t.equal((await sessionOf(hub, long))?.presence_ttl_sec, 3_600)
  },
)

t.test('§17 a session with a shorter presence TTL of its own expires by it', { skip }, async (t) => {
  const own = await ownHub(t, { presenceTtlSec: 600 })
  const agent = unique('agent')
  await join(own, agent, { presence_ttl_sec: TTL_SEC })
  await until('it to expire', async () => !(await sessionOf(own, agent)))
})

t.test('§17 presence_ttl_sec is from 5 to 86,400 seconds', { skip }, async (t) => {
  for (const presence_ttl_sec of [4, 86_401, 0, -1]) {
    const reply = await hub.post('/v1/sessions', { agent_id: unique('agent'), presence_ttl_sec })
    refused(t, hub, reply, 400, /presence_ttl_sec must be (5 or more|at most 86400)/)
  }
  refused(
    t,
    hub,
    await hub.post('/v1/sessions', { agent_id: unique('agent'), presence_ttl_sec: 'long' }),
    400,
    /presence_ttl_sec must be an integer/,
  )
  for (const presence_ttl_sec of [5, 86_400]) await join(hub, unique('agent'), { presence_ttl_sec })
})

t.test('§17 a harness is a word that the session keeps', { skip }, async (t) => {
  const agent = unique('agent')
  t.equal((await join(hub, agent, { harness: ' claude-code ' })).harness, 'claude-code')
  t.equal((await sessionOf(hub, agent))?.harness, 'claude-code')
})

t.test(
  '§17 reuse gives the active session as it is, with 200, and opens one where there is none',
  { skip },
  async (t) => {
    const agent = unique('agent')
    const first = await join(hub, agent, { display_name: 'Ada', capabilities: ['rust'], reuse: true })
    const reply = await hub.post<Session>('/v1/sessions', {
      agent_id: agent,
      display_name: 'Bob',
      reuse: true,
    })
    t.equal(reply.status, 200)
    t.match(reply.result, { session_id: first.session_id, display_name: 'Ada', capabilities: ['rust'] })
    const both = await hub.post<Session>('/v1/sessions', { agent_id: agent, reuse: true, replace: true })
    t.equal(both.result.session_id, first.session_id, 'reuse goes before replace')
    const plain = await hub.post('/v1/sessions', { agent_id: agent })
    refused(t, hub, plain, 409, /already has an active session/)
  },
)

t.test('§17 alive is a sign of life, and a 404 for an agent without a session', { skip }, async (t) => {
  const [agent, other] = [unique('agent'), unique('agent')]
  const { session_id } = await join(hub, agent)
  await join(hub, other)
  const beats = setInterval(() => void alive(agent), 1_000)
  t.teardown(() => clearInterval(beats))
  await gone(other)
  t.match(await alive(agent), { status: 200, result: { session_id, active: true } })
  refused(t, hub, await alive(other), 404, /has no active session/)
  refused(t, hub, await alive(unique('nobody')), 404, /has no active session/)
})

t.test(
  '§17 a session that is bound to a process outlives the TTL while the process runs',
  { skip },
  async (t) => {
    const { process } = await program(t)
    const [bound, free] = [unique('agent'), unique('agent')]
    t.match((await join(hub, bound, { process })).process, process)
    await join(hub, free)
    await gone(free)
    await new Promise((resolve) => setTimeout(resolve, TTL_SEC * 1_000))
    t.match((await sessionOf(hub, bound))?.process, process)
  },
)

t.test(
  '§17 when its process has ended, the session ends and what it held is released and told',
  { skip },
  async (t) => {
    const { child, process } = await program(t)
    const agent = unique('agent')
    await join(hub, agent, { process, presence_ttl_sec: 3_600 })
    const claim_key = unique('key')
    const file_path = unique('path')
    const thread_id = unique('thread')
    await hub.post('/v1/claims', { owner_agent_id: agent, claim_key, thread_id })
    await hub.post('/v1/locks', { agent_id: agent, file_path })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const endedAt = performance.now()
    await gone(agent)
    const tookMs = performance.now() - endedAt
    t.comment(`gone after ${Math.round(tookMs)} ms; the goal is ${GONE_WITHIN_MS}`)
    t.ok(tookMs < GONE_UNDER_LOAD_MS)
    const claims = (await hub.get<Claim[]>('/v1/claims', { active_only: true })).result
    const locks = (await hub.get<Lock[]>('/v1/locks', { active_only: true })).result
    t.notOk(claims.some((claim) => claim.claim_key === claim_key))
    t.notOk(locks.some((lock) => lock.file_path === file_path))
    const told = (await hub.get<Message[]>('/v1/messages', { thread_id })).result
    t.match(told, [{ from_agent: 'system', kind: 'notice', metadata: { recovery: true, claim_key } }])
    const inbox = (await hub.get<Message[]>(`/v1/inbox/${agent}`)).result
    t.match(inbox, [
      { from_agent: 'system', kind: 'notice', channel: 'direct', metadata: { recovery: true, claim_key } },
      { from_agent: 'system', kind: 'notice', channel: 'direct', metadata: { recovery: true, file_path } },
    ])
  },
)

t.test('§17 a process that is not there, or began at another time, binds nothing', { skip }, async (t) => {
  const { child, process } = await program(t)
  const other = { ...process, started_at: '2020-01-01T00:00:00Z' }
  t.equal((await join(hub, unique('agent'), { process: other })).process, undefined, 'another start')
  child.kill('SIGKILL')
  await once(child, 'exit')
  t.equal((await join(hub, unique('agent'), { process })).process, undefined, 'it has ended')
})

t.test('§17 a process is an object of pid and started_at', { skip }, async (t) => {
  const started_at = '2026-01-02T03:04:05Z'
  const refusals: [unknown, RegExp][] = [
    ['me', /process must be an object/],
    [{ started_at }, /process\.pid/],
    [{ pid: 0, started_at }, /process\.pid must be 1 or more/],
    [{ pid: 'x', started_at }, /process\.pid must be an integer/],
    [{ pid: 7 }, /process\.started_at is required/],
    [{ pid: 7, started_at: 'today' }, /process\.started_at must be a time such as/],
  ]
  for (const [process, says] of refusals)
    refused(t, hub, await hub.post('/v1/sessions', { agent_id: unique('agent'), process }), 400, says)
})
