// PROTOCOL §19, slots: leases that several agents hold at a time, up to a capacity.

import t from 'tap'
import type { Message, Slot } from '../../src/protocol/objects.js'
import { inParallel, refused, secondsAfter, unique, until } from './steps.js'
import { openTarget } from './target.js'

t.jobs = 8
const hub = await openTarget(t)
const skip = !hub.announces('arc:scopes') && 'the hub does not announce arc:scopes'

const acquire = (name: string, agent_id: string, fields: object = {}, timeout = 0) =>
  hub.post<Slot>(`/v1/slots/${name}?timeout=${timeout}`, { agent_id, ...fields })
const refresh = (name: string, agent_id: string, fields: object = {}) =>
  hub.post<Slot>(`/v1/slots/${name}/refresh`, { agent_id, ...fields })
const release = (name: string, agent_id: string, fields: object = {}) =>
  hub.post<Slot>(`/v1/slots/${name}/release`, { agent_id, ...fields })
const list = async (name: string) => (await hub.get<Slot[]>('/v1/slots', { name })).result
const waits = (name: string, ...agents: string[]) =>
  until(`${agents} to wait for ${name}`, async () => (await list(name))[0]?.waiting?.join() === agents.join())

t.test('§19 a slot has one holder by default', { skip }, async (t) => {
  const name = unique('slot')
  const reply = await acquire(name, 'a', { ttl_sec: 60 })
  t.equal(reply.status, 201)
  t.match(reply.json, { acquired: true, fence: Number, result: { name, agent_id: 'a', capacity: 1 } })
  t.equal(Date.parse(reply.result.expires_at) - Date.parse(reply.result.acquired_at), 60_000)
  const other = await acquire(name, 'b')
  t.equal(other.status, 200)
  const { fence } = reply.json
  t.match(other.json, { acquired: false, fence, result: reply.result, holders: [reply.result], waiting: [] })
  const again = await acquire(name, 'a', { ttl_sec: 600 })
  t.match(again.json, { acquired: true, fence }, 'the holder keeps its fence')
  t.match((await refresh(name, 'a')).json, { acquired: true, fence })
  t.match(await list(name), [{ name, agent_id: 'a', waiting: [] }])
  refused(t, hub, await refresh(name, 'b'), 404)
  refused(t, hub, await release(name, 'b'), 404)
  t.match((await release(name, 'a')).result, { name, agent_id: 'a', released_at: String })
  refused(t, hub, await release(name, 'a'), 404)
  t.ok(((await acquire(name, 'b')).json.fence as number) > (fence as number))
})

t.test('§19 up to its capacity, agents hold a slot at a time', { skip }, async (t) => {
  const name = unique('slot')
  const replies = await inParallel(10, (i) => acquire(name, `agent-${i}`, { capacity: 3 }))
  t.equal(replies.filter(({ json }) => json.acquired).length, 3)
  t.equal((await list(name)).length, 3)
  const fences = new Set(replies.filter(({ json }) => json.acquired).map(({ json }) => json.fence))
  t.equal(fences.size, 3)
})

t.test('§19 the smallest capacity counts that anybody has given', { skip }, async (t) => {
  const name = unique('slot')
  await acquire(name, 'alone', { capacity: 1 })
  t.equal((await acquire(name, 'b', { capacity: 5 })).json.acquired, false)
  await release(name, 'alone')
  await acquire(name, 'b', { capacity: 5 })
  t.equal((await acquire(name, 'alone', { capacity: 1 })).json.acquired, false)
  t.equal((await acquire(name, 'c', { capacity: 5 })).json.acquired, true)
})

t.test('§19 agents wait for a slot in order', { skip }, async (t) => {
  const name = unique('slot')
  const capacity = 2
  for (const agent of ['a', 'b']) await acquire(name, agent, { capacity })
  const order: string[] = []
  const turns: Promise<void>[] = []
  for (const [i, agent] of ['c', 'd', 'e', 'f'].entries()) {
    const turn = async () => {
      const reply = await acquire(name, agent, { capacity }, 30)
      if (reply.json.acquired) order.push(agent)
      t.ok((await list(name)).length <= capacity)
      await release(name, agent)
    }
    turns.push(turn())
    await waits(name, ...['c', 'd', 'e', 'f'].slice(0, i + 1))
  }
  t.equal((await acquire(name, 'late', { capacity }, 1)).json.acquired, false)
  await release(name, 'a')
  await Promise.all(turns)
  t.strictSame(order, ['c', 'd', 'e', 'f'])
})

t.test('§19 a holding that expires makes room', { skip }, async (t) => {
  const name = unique('slot')
  const { expires_at } = (await acquire(name, 'a', { ttl_sec: 5 })).result
  t.equal((await acquire(name, 'b', {}, 30)).json.acquired, true)
  t.ok(await secondsAfter(expires_at))
  refused(t, hub, await refresh(name, 'a'), 404)
})

t.test('§19 an old fence of a slot is a stale_fence', { skip }, async (t) => {
  const name = unique('slot')
  const old = (await acquire(name, 'a')).json.fence as number
  await release(name, 'a')
  for (const reply of [await acquire(name, 'a', { fence: old }), await refresh(name, 'a', { fence: old })])
    t.match(reply.json, { ok: false, code: 'stale_fence', holder: null, fence: null })
  const { fence } = (await acquire(name, 'a')).json
  t.match((await release(name, 'a', { fence: old })).json, { code: 'stale_fence', fence })
  t.equal((await release(name, 'a', { fence })).status, 200)
})

t.test('§19 the operator releases a holding; of several it says whose', { skip }, async (t) => {
  const [name, a, b] = [unique('slot'), unique('a'), unique('b')]
  for (const agent of [a, b]) await acquire(name, agent, { capacity: 2 })
  refused(t, hub, await release(name, 'boss'), 404)
  refused(t, hub, await release(name, 'boss', { by_operator: true }), 400, /holder is required/)
  t.equal((await release(name, 'boss', { by_operator: true, holder: a })).status, 200)
  t.equal((await release(name, 'boss', { by_operator: true })).result.agent_id, b, 'the only one')
  refused(t, hub, await release(name, 'boss', { by_operator: true }), 404, /nobody/)
  const metadata = { by_operator: true, released_by: 'boss', slot: name }
  for (const agent of [a, b])
    t.match((await hub.get<Message[]>(`/v1/inbox/${agent}`)).result, [
      { metadata: { ...metadata, holder: agent } },
    ])
})

t.test('§19 a capacity is at least 1', { skip }, async (t) => {
  for (const capacity of [0, -1, 1.5, 1001, 'x'])
    refused(t, hub, await acquire(unique('slot'), 'a', { capacity }), 400, /capacity/)
})
