// PROTOCOL §19, scopes: leases of all paths that some globs match. Whether two globs meet is in globs.test.ts.

import t from 'tap'
import type { Lock, Message, Scope } from '../../src/protocol/objects.js'
import { broadcastsIn, join, refused, say, secondsAfter, unique, until } from './steps.js'
import { needsOwnHub, openTarget, ownHub } from './target.js'

t.jobs = 8
const hub = await openTarget(t)
const skip = !hub.announces('arc:scopes') && 'the hub does not announce arc:scopes'

const acquire = (agent_id: string, globs: unknown, fields: object = {}, timeout = 0) =>
  hub.post<Scope>(`/v1/scopes?timeout=${timeout}`, { agent_id, globs, ...fields })
const release = ({ scope_id, agent_id }: Scope) =>
  hub.post<Scope>('/v1/scopes/release', { scope_id, agent_id })
const lock = (agent_id: string, file_path: string, timeout = 0) =>
  hub.post<Lock>(`/v1/locks?timeout=${timeout}`, { agent_id, file_path })
const unlock = (agent_id: string, file_path: string) => hub.post('/v1/locks/release', { agent_id, file_path })
const list = async (query: Record<string, string> = {}) =>
  (await hub.get<Scope[]>('/v1/scopes', query)).result
/** A folder that no other test uses. */
const folder = () => unique('folder')
const waits = (agent: string) =>
  until(`${agent} to wait`, async () => {
    const { waits_for } = (await hub.get<{ waits_for: object[] }>(`/v1/agents/${agent}`)).result
    return waits_for.length > 0
  })
/** An agent with a session, so that it can be asked what it waits for. */
const someone = async () => (await join(hub, unique('agent'))).agent_id

t.test('§19 a scope is acquired, refreshed, listed and released', { skip }, async (t) => {
  const [agent, src] = [unique('agent'), folder()]
  const globs = [`${src}/**`, `${src}-docs/*.md`]
  const reply = await acquire(agent, globs, { reason: 'a rename', metadata: { a: 1 }, ttl_sec: 60 })
  t.equal(reply.status, 201)
  const scope = reply.result
  t.match(scope, { agent_id: agent, globs, mode: 'exclusive', reason: 'a rename', metadata: { a: 1 } })
  t.equal(Date.parse(scope.expires_at) - Date.parse(scope.acquired_at), 60_000)
  t.match(reply.json, { acquired: true, fence: scope.scope_id })
  const again = await acquire(agent, globs, { ttl_sec: 600 })
  t.equal(again.status, 201)
  t.equal(again.result.scope_id, scope.scope_id, 'the same globs and mode are the same scope')
  t.ok(again.result.expires_at > scope.expires_at)
  const { scope_id } = scope
  const refreshed = await hub.post<Scope>('/v1/scopes/refresh', { scope_id, agent_id: agent, ttl_sec: 60 })
  t.match(refreshed.json, { acquired: true, fence: scope_id, result: { scope_id } })
  t.strictSame(await list({ agent_id: agent }), [{ ...refreshed.result, waiting: [] }])
  refused(t, hub, await hub.post('/v1/scopes/refresh', { scope_id, agent_id: 'other' }), 404)
  const foreign = await hub.post('/v1/scopes/release', { scope_id, agent_id: 'other' })
  refused(t, hub, foreign, 404, /other does not hold/)
  t.match((await release(scope)).result, { scope_id, released_at: String })
  refused(t, hub, await release(scope), 404)
  t.strictSame(await list({ agent_id: agent }), [])
  const next = await acquire(agent, globs)
  t.ok(next.result.scope_id > scope_id)
})

t.test(
  '§19 two exclusive scopes that meet: the second is told of the first, and where',
  { skip },
  async (t) => {
    const src = folder()
    const first = (await acquire('a', [`${src}/lib/**`, `${src}/x.ts`])).result
    const reply = await acquire('b', [`${src}/*/*.ts`, `${src}/y.ts`])
    t.equal(reply.status, 200)
    const meets = [[`${src}/*/*.ts`, `${src}/lib/**`]]
    t.match(reply.json, {
      ok: true,
      result: null,
      acquired: false,
      holders: [{ kind: 'scope', ...first, meets }],
    })
    t.equal((await acquire('b', [`${src}/y.ts`])).json.acquired, true, 'where they do not meet')
    t.equal((await acquire('a', [`${src}/**`])).json.acquired, false, 'every holder counts')
    await release(first)
  },
)

t.test('§19 shared scopes may meet; an exclusive one may not meet a shared one', { skip }, async (t) => {
  const src = folder()
  const shared = { mode: 'shared' }
  t.equal((await acquire('a', [`${src}/**`], shared)).json.acquired, true)
  t.equal((await acquire('b', [`${src}/x`], shared)).json.acquired, true)
  const reply = await acquire('c', [`${src}/x`])
  t.match(reply.json, { acquired: false, holders: [{ agent_id: 'a' }, { agent_id: 'b' }] })
})

t.test("§19 an agent's own scopes and locks are not in its way", { skip }, async (t) => {
  const [agent, src] = [unique('agent'), folder()]
  await lock(agent, `${src}/x`)
  t.equal((await acquire(agent, [`${src}/**`])).json.acquired, true)
  t.equal((await acquire(agent, [`${src}/*`])).json.acquired, true)
  t.equal((await lock(agent, `${src}/y`)).json.acquired, true)
})

t.test('§19 a lock is an exclusive scope of one path', { skip }, async (t) => {
  const src = folder()
  const held = (await lock('a', `${src}/[x].ts`)).result
  for (const mode of ['exclusive', 'shared']) {
    const reply = await acquire('b', [`${src}/**`], { mode })
    const meets = [[`${src}/**`, `${src}/[x].ts`]]
    t.match(reply.json, { acquired: false, holders: [{ kind: 'lock', ...held, meets }] }, mode)
  }
  await unlock('a', `${src}/[x].ts`)
  for (const mode of ['exclusive', 'shared']) {
    const scope = (await acquire('b', [`${src}/**`], { mode, metadata: { m: 1 } })).result
    const reply = await lock('a', `${src}/new.ts`)
    t.equal(reply.status, 200)
    const row = { file_path: `${src}/new.ts`, agent_id: 'b', expires_at: scope.expires_at, released_at: null }
    t.match(reply.json, {
      acquired: false,
      fence: scope.scope_id,
      result: row,
      holders: [{ kind: 'scope', ...scope }],
    })
    await release(scope)
  }
  t.equal((await lock('a', `${src}/new.ts`)).json.acquired, true)
})

t.test('§19 whatever the metadata of a holder is, it is shown with every digit', { skip }, async (t) => {
  const src = folder()
  const body = `{"agent_id":"a","file_path":"${src}/x","metadata":{"n":123456789012345678901234567890}}`
  await hub.post('/v1/locks', body)
  const key = { 'idempotency-key': unique('key') }
  const ask = () => hub.post('/v1/scopes', { agent_id: 'b', globs: [`${src}/**`] }, key)
  const first = await ask()
  t.match(first.text, '"metadata":{"n":123456789012345678901234567890}')
  t.equal((await ask()).text, first.text, 'also when it is repeated')
  const covering = await hub.get('/v1/scopes', { path: `${src}/x` })
  t.match(covering.text, '"metadata":{"n":123456789012345678901234567890}')
  const late = await hub.post('/v1/locks', { agent_id: 'a', file_path: `${src}/x`, fence: 0 })
  t.match(late.text, '"metadata":{"n":123456789012345678901234567890}')
})

t.test('§19 GET /v1/scopes?path= says who covers a path', { skip }, async (t) => {
  const src = folder()
  const scope = (await acquire('a', [`${src}/*.{ts,tsx}`])).result
  await acquire('b', [`${src}/lib/**`])
  const found = await hub.get<Scope[]>('/v1/scopes', { path: `${src}/app.tsx` })
  t.match(found.json, { result: [{ scope_id: scope.scope_id }], lock: null })
  t.equal(found.result.length, 1)
  const { result: held } = await lock('c', `${src}/free`)
  t.match((await hub.get('/v1/scopes', { path: `${src}/free` })).json, { result: [], lock: held })
})

t.test('§19 a scope that has expired is in nobody’s way', { skip }, async (t) => {
  const src = folder()
  const { expires_at } = (await acquire('a', [`${src}/**`], { ttl_sec: 5 })).result
  t.equal((await lock('b', `${src}/x`)).json.acquired, false)
  await secondsAfter(expires_at)
  t.equal((await lock('b', `${src}/x`)).json.acquired, true)
  t.strictSame(await list({ path: `${src}/x` }), [])
})

t.test('§19 scopes and locks wait for each other, in order', { skip }, async (t) => {
  const [src, a, b, c] = [folder(), await someone(), await someone(), await someone()]
  await lock('holder', `${src}/x`)
  const wide = acquire(a, [`${src}/**`], {}, 30)
  await waits(a)
  const inside = lock(b, `${src}/y`, 30)
  await waits(b)
  const after = acquire(c, [`${src}/y`], { mode: 'shared' }, 30)
  await waits(c)
  t.equal((await lock('grabber', `${src}/z`)).json.acquired, false, 'nobody overtakes the scope')
  t.equal((await acquire('grabber', [`${src}/z`])).json.acquired, false)
  t.equal((await acquire('grabber', [`${src}-other/z`])).json.acquired, true, 'elsewhere')
  await unlock('holder', `${src}/x`)
  const first = await wide
  t.match(first.json, { acquired: true, result: { agent_id: a } })
  await release(first.result)
  t.match((await inside).json, { acquired: true, result: { agent_id: b } })
  await unlock(b, `${src}/y`)
  t.match((await after).json, { acquired: true, result: { agent_id: c } })
})

t.test('§19 who is waited for may take more, or nobody would ever go on', { skip }, async (t) => {
  const [src, a] = [folder(), await someone()]
  await lock('holder', `${src}/x`)
  const wide = acquire(a, [`${src}/**`], {}, 30)
  await waits(a)
  t.equal((await lock('holder', `${src}/y`)).json.acquired, true)
  t.equal((await acquire('holder', [`${src}/z/**`])).json.acquired, true)
  await unlock('holder', `${src}/x`)
  await unlock('holder', `${src}/y`)
  await release((await list({ agent_id: 'holder', path: `${src}/z/1` }))[0] as Scope)
  t.equal((await wide).json.acquired, true)
})

t.test('§19 at the deadline of a scope the answer is acquired false', { skip }, async (t) => {
  const src = folder()
  await lock('holder', `${src}/x`)
  const reply = await acquire('a', [`${src}/**`], {}, 1)
  t.match(reply.json, { acquired: false, result: null, holders: [{ kind: 'lock', agent_id: 'holder' }] })
  t.equal((await acquire('b', [`${src}/y`])).json.acquired, true)
})

t.test('§19 a scope with a key has one effect', { skip }, async (t) => {
  const key = { 'idempotency-key': unique('key') }
  const body = { agent_id: 'a', globs: [`${folder()}/**`] }
  const first = await hub.post<Scope>('/v1/scopes', body, key)
  await release(first.result)
  t.equal((await hub.post<Scope>('/v1/scopes', body, key)).text, first.text)
  t.strictSame(await list({ path: `${body.globs[0]?.slice(0, -3)}/x` }), [])
})

t.test('§19 the operator releases a scope, and both are told', { skip }, async (t) => {
  const [holder, thread_id, src] = [unique('holder'), unique('thread'), folder()]
  await say(hub, { thread_id })
  const { scope_id } = (await acquire(holder, [`${src}/**`], { metadata: { thread_id } })).result
  const body = { scope_id, agent_id: 'boss' }
  refused(t, hub, await hub.post('/v1/scopes/release', body), 404)
  t.equal((await hub.post('/v1/scopes/release', { ...body, by_operator: true })).status, 200)
  const metadata = { by_operator: true, released_by: 'boss', holder, scope_id }
  t.match((await broadcastsIn(hub, thread_id)).at(-1), { from_agent: 'system', metadata })
  t.match((await hub.get<Message[]>(`/v1/inbox/${holder}`)).result, [{ from_agent: 'system', metadata }])
})

t.test('§19 a scope that cannot be read is a 400 that says what to write', { skip }, async (t) => {
  const bad: [unknown, RegExp][] = [
    [undefined, /globs is required/],
    [[], /globs must not be empty/],
    ['src/**', /globs must be a list/],
    [[5], /globs.0 must be a string/],
    [['ok', '!src/**'], /globs.1 must not begin with !/],
    [['src/'], /folder\/\*\*/],
    [Array(101).fill('a'), /at most 100 globs/],
    [Array.from({ length: 50 }, (_, i) => `${'x'.repeat(100)}${i}`), /4000 characters together/],
  ]
  for (const [globs, says] of bad) refused(t, hub, await acquire('a', globs), 400, says)
  refused(t, hub, await acquire('a', ['x'], { mode: 'greedy' }), 400, /mode must be one of exclusive, shared/)
})

t.test(
  '§19 scopes and slots of an agent that is gone are released',
  { skip: skip || needsOwnHub },
  async (t) => {
    const own = await ownHub(t, { presenceTtlSec: 5 })
    await join(own, 'gone')
    await say(own, { thread_id: 't' })
    await own.post('/v1/scopes', {
      agent_id: 'gone',
      globs: ['src/**'],
      metadata: { thread_id: 't' },
      ttl_sec: 900,
    })
    await own.post('/v1/slots/build', { agent_id: 'gone', ttl_sec: 900 })
    const whole = (await own.get<{ scopes: Scope[]; slots: object[] }>('/v1/agents/gone')).result
    t.match(whole, { scopes: [{ globs: ['src/**'] }], slots: [{ name: 'build' }] })
    const waiting = own.post<Lock>('/v1/locks?timeout=30', { agent_id: 'b', file_path: 'src/x' })
    const slot = own.post('/v1/slots/build?timeout=30', { agent_id: 'b' })
    t.equal((await waiting).json.acquired, true)
    t.equal((await slot).json.acquired, true)
    const recovery = { recovery: true, stale_agent_id: 'gone' }
    t.match((await broadcastsIn(own, 't')).at(-1), { metadata: { ...recovery, globs: ['src/**'] } })
    const told = (await own.get<Message[]>('/v1/inbox/gone')).result
    t.match(told, [
      { metadata: { ...recovery, globs: ['src/**'] } },
      { metadata: { ...recovery, slot: 'build' } },
    ])
  },
)
