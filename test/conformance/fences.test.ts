// PROTOCOL §19, fences and release by the operator, for claims and locks alike.

import t from 'tap'
import type { Claim, Lock, Message, Task } from '../../src/protocol/objects.js'
import { broadcastsIn, join, refused, say, secondsAfter, unique } from './steps.js'
import { openTarget } from './target.js'
import type { Reply } from './wire.js'

t.jobs = 8
const hub = await openTarget(t)
const skip = !hub.announces('arc:fencing') && 'the hub does not announce arc:fencing'

interface Kind {
  readonly path: string
  readonly key: string
  readonly owner: string
}
const KINDS: readonly Kind[] = [
  { path: '/v1/claims', key: 'claim_key', owner: 'owner_agent_id' },
  { path: '/v1/locks', key: 'file_path', owner: 'agent_id' },
]

const fenceOf = (reply: Reply) => reply.json.fence as number
const codeOf = ({ status, json }: Reply) => `${status} ${json.code}`

for (const { path, key, owner } of KINDS) {
  const acquire = (name: string, agent: string, more: object = {}) =>
    hub.post<Claim | Lock>(path, { [key]: name, [owner]: agent, ...more })
  const refresh = (name: string, agent: string, more: object = {}) =>
    hub.post(`${path}/refresh`, { [key]: name, [owner]: agent, ...more })
  const release = (name: string, agent: string, more: object = {}) =>
    hub.post(`${path}/release`, { [key]: name, agent_id: agent, ...more })
  /** A key that one agent has lost to another. */
  async function lost() {
    const name = unique('name')
    const old = fenceOf(await acquire(name, 'first'))
    await release(name, 'first')
    const reply = await acquire(name, 'second')
    return { name, old, fence: fenceOf(reply), holder: reply.result }
  }

  t.test(`§19 ${path}: each new holder has a greater fence, and keeps it`, { skip }, async (t) => {
    const name = unique('name')
    const first = fenceOf(await acquire(name, 'a'))
    t.ok(Number.isSafeInteger(first))
    for (const again of [await acquire(name, 'a'), await refresh(name, 'a')])
      t.equal(fenceOf(again), first, 'a re-acquire and a refresh keep it')
    t.equal(fenceOf(await acquire(name, 'b')), first, 'who does not get it is told the fence of the holder')
    await release(name, 'a')
    const second = fenceOf(await acquire(name, 'b'))
    t.ok(second > first)
    await release(name, 'b')
    t.ok(fenceOf(await acquire(name, 'b')) > second, 'the same agent, too, has a new one')
  })

  t.test(`§19 ${path}: an expired lease that is taken over has a greater fence`, { skip }, async (t) => {
    const name = unique('name')
    const { result, json } = await acquire(name, 'a', { ttl_sec: 5 })
    await secondsAfter(result.expires_at)
    t.ok(fenceOf(await acquire(name, 'b')) > (json.fence as number))
  })

  t.test(
    `§19 ${path}: with an old fence every verb is a stale_fence that shows the holder`,
    { skip },
    async (t) => {
      const { name, old, fence, holder } = await lost()
      const task = await say(hub, { kind: 'task', from_agent: 'first' })
      const thread_id = unique('thread')
      const under = { [key]: name, fence: old }
      const replies = [
        await acquire(name, 'first', { fence: old }),
        await refresh(name, 'first', { fence: old }),
        await release(name, 'first', { fence: old }),
        await acquire(name, 'second', { fence: old }),
        await hub.post('/v1/messages', { from_agent: 'first', body: 'late', thread_id, ...under }),
        await hub.post(`/v1/tasks/${task.id}/complete`, under),
      ]
      for (const reply of replies) {
        t.equal(reply.status, 409)
        t.match(reply.json, { ok: false, code: 'stale_fence', error: /second holds it/, holder, fence })
      }
      t.strictSame(await broadcastsIn(hub, thread_id), [], 'nothing was posted')
      const [row] = (await hub.get<Task[]>('/v1/tasks', { since_id: task.id - 1, limit: 1 })).result
      t.equal(row?.status, 'open', 'nothing was completed')
      t.equal((await refresh(name, 'second', { fence })).status, 200, 'the holder goes on')
    },
  )

  t.test(`§19 ${path}: with the newest fence every verb does what it does`, { skip }, async (t) => {
    const { name, fence } = await lost()
    const under = { [key]: name, fence }
    const task = await say(hub, { kind: 'task' })
    t.equal((await hub.post('/v1/messages', { from_agent: 'second', body: 'x', ...under })).status, 201)
    t.equal((await hub.post(`/v1/tasks/${task.id}/complete`, under)).status, 200)
    t.equal((await acquire(name, 'second', { fence })).status, 201)
    t.equal((await refresh(name, 'second', { fence })).status, 200)
    t.equal((await release(name, 'second', { fence })).status, 200)
    const late = await hub.post('/v1/messages', { from_agent: 'second', body: 'x', ...under })
    t.equal(late.status, 201, 'nobody has held it since')
  })

  t.test(`§19 ${path}: a fence that was never given for the key is a stale_fence`, { skip }, async (t) => {
    const { name, fence } = await lost()
    t.equal(codeOf(await refresh(name, 'second', { fence: fence + 1_000_000 })), '409 stale_fence')
    const reply = await acquire(unique('name'), 'a', { fence })
    t.match(reply.json, { code: 'stale_fence', holder: null, fence: null })
  })

  t.test(`§19 ${path}: the operator releases what another holds, and both are told`, { skip }, async (t) => {
    const [holder, thread_id, name] = [unique('holder'), unique('thread'), unique('name')]
    await join(hub, holder)
    await say(hub, { thread_id })
    const of = path === '/v1/claims' ? { thread_id } : { metadata: { thread_id } }
    await acquire(name, holder, of)
    refused(t, hub, await release(name, 'boss'), 404)
    const reply = await release(name, 'boss', { by_operator: true })
    t.equal(reply.status, 200)
    t.type((reply.result as Lock).released_at, 'string')
    const metadata = { by_operator: true, released_by: 'boss', holder, [key]: name }
    const notice = { from_agent: 'system', kind: 'notice', metadata }
    const [told] = (await broadcastsIn(hub, thread_id)).slice(-1)
    t.match(told, { ...notice, to_agent: null, thread_id })
    const inbox = (await hub.get<Message[]>(`/v1/inbox/${holder}`)).result
    t.match(inbox, [{ ...notice, to_agent: holder }])
    t.equal((await acquire(name, 'next')).json.acquired, true)
    refused(t, hub, await release(unique('name'), 'boss', { by_operator: true }), 404, /nobody holds/)
  })

  t.test(`§19 ${path}: a release by the holder tells nobody, by_operator or not`, { skip }, async (t) => {
    const [holder, name] = [unique('holder'), unique('name')]
    await acquire(name, holder)
    t.equal((await release(name, holder, { by_operator: true })).status, 200)
    t.strictSame((await hub.get<Message[]>(`/v1/inbox/${holder}`)).result, [])
  })
}

t.test('§19 complete without a key is meant under the claim of the task', { skip }, async (t) => {
  const task = await say(hub, { kind: 'task' })
  const claim = { task_message_id: task.id, owner_agent_id: 'a' }
  const fence = fenceOf(await hub.post('/v1/claims', claim))
  const old = await hub.post(`/v1/tasks/${task.id}/complete`, { fence: fence - 1 })
  t.match(old.json, { code: 'stale_fence', holder: { owner_agent_id: 'a' }, fence })
  t.equal((await hub.post(`/v1/tasks/${task.id}/complete`, { fence })).status, 200)
})

t.test('§19 a post with a fence names one lease, else it is a 400', { skip }, async (t) => {
  const message = { from_agent: 'a', body: 'x', fence: 1 }
  for (const keys of [{}, { claim_key: 'k', file_path: 'p' }])
    refused(t, hub, await hub.post('/v1/messages', { ...message, ...keys }), 400, /claim_key or file_path/)
  for (const fence of [-1, 1.5, 'x'])
    refused(t, hub, await hub.post('/v1/messages', { ...message, claim_key: 'k', fence }), 400, /fence/)
})
