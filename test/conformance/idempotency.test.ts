// PROTOCOL §9: a request that carries an Idempotency-Key has one effect and one answer, however often and
// however concurrently it is sent. Runs only against a hub that announces arc:idempotency_key. That answers
// survive a restart is in restart.test.ts.

import t from 'tap'
import type { Claim, Message, Session, Task } from '../../src/protocol/objects.js'
import { broadcastsIn, inParallel, join, newChannel, refused, say, sessionOf, unique } from './steps.js'
import { openTarget } from './target.js'
import type { Reply } from './wire.js'

const hub = await openTarget(t)
const skip = !hub.announces('arc:idempotency_key') && 'the hub does not announce arc:idempotency_key'

const keyed = <T>(key: string, path: string, body?: unknown) =>
  hub.post<T>(path, body, { 'idempotency-key': key })
const post = (key: string, body: unknown) => keyed<Message>(key, '/v1/messages', body)
const chat = (thread_id: string) => ({ from_agent: 'a', body: 'once', thread_id })
const isReplay = (reply: Reply) => reply.headers['idempotency-replayed'] === 'true'

t.test(
  '§9 the same key and request give the stored answer again, and no second effect',
  { skip },
  async (t) => {
    const [key, thread] = [unique('key'), unique('thread')]
    const first = await post(key, chat(thread))
    t.equal(first.status, 201)
    t.notOk('idempotency-replayed' in first.headers, 'the first answer is no replay')
    for (let i = 0; i < 3; i++) {
      const again = await post(key, chat(thread))
      t.equal(again.status, 201)
      t.equal(again.headers['idempotency-replayed'], 'true')
      t.equal(again.text, first.text, 'byte for byte')
    }
    t.strictSame(await broadcastsIn(hub, thread), [first.result])
  },
)

t.test('§9 a replay has the headers of every answer', { skip }, async (t) => {
  const [key, thread] = [unique('key'), unique('thread')]
  await post(key, chat(thread))
  const { headers } = await post(key, chat(thread))
  t.match(headers['content-type'], /^application\/json\b/)
  t.equal(headers['x-arc-instance'], hub.info.instance_id)
})

t.test('§9 a request without a key is never a replay', { skip }, async (t) => {
  const thread = unique('thread')
  for (let i = 0; i < 2; i++) t.notOk(isReplay(await hub.post('/v1/messages', chat(thread))))
  t.equal((await broadcastsIn(hub, thread)).length, 2)
})

t.test('§9 other keys, also in case, are other requests', { skip }, async (t) => {
  const [key, thread] = [unique('key'), unique('thread')]
  for (const each of [key, key.toUpperCase(), `${key}-`, `_${key}`]) await post(each, chat(thread))
  t.equal((await broadcastsIn(hub, thread)).length, 4)
})

t.test('§9 the same key with another body is a 422 without effect', { skip }, async (t) => {
  const [key, thread] = [unique('key'), unique('thread')]
  const first = await post(key, chat(thread))
  refused(t, hub, await post(key, { ...chat(thread), body: 'twice' }), 422)
  t.equal((await broadcastsIn(hub, thread)).length, 1)
  t.equal((await post(key, chat(thread))).text, first.text, 'the first request keeps its answer')
})

t.test('§9 the same key with another path is a 422 without effect', { skip }, async (t) => {
  const [key, name] = [unique('key'), unique('name')]
  const body = { from_agent: 'a', body: 'x', agent_id: name, file_path: name }
  t.equal((await keyed(key, '/v1/messages', body)).status, 201)
  refused(t, hub, await keyed(key, '/v1/locks', body), 422)
  t.strictSame((await hub.get('/v1/locks', { agent_id: name })).result, [])
})

t.test('§9 the same key with another path parameter is a 422 without effect', { skip }, async (t) => {
  const thread_id = unique('thread')
  const [first, second] = [
    await say(hub, { kind: 'task', thread_id }),
    await say(hub, { kind: 'task', thread_id }),
  ]
  const key = unique('key')
  await keyed(key, `/v1/tasks/${first.id}/complete`)
  refused(t, hub, await keyed(key, `/v1/tasks/${second.id}/complete`), 422)
  const states = (await hub.get<Task[]>('/v1/tasks', { thread_id })).result.map((task) => task.status)
  t.strictSame(states, ['done', 'open'])
})

t.test('§9 the same key with another method is a 422 without effect', { skip }, async (t) => {
  const { session_id, agent_id } = await join(hub, unique('agent'))
  const key = unique('key')
  const path = `/v1/sessions/${session_id}`
  await post(key, chat(unique('thread')))
  refused(t, hub, await hub.call('DELETE', path, undefined, { 'idempotency-key': key }), 422)
  t.ok(await sessionOf(hub, agent_id))
})

t.test('§9 concurrent requests with one key have one effect and one answer', { skip }, async (t) => {
  for (let round = 0; round < 5; round++) {
    const [key, thread] = [unique('key'), unique('thread')]
    const replies = await Promise.all(Array.from({ length: 20 }, () => post(key, chat(thread))))
    t.equal(new Set(replies.map((reply) => reply.text)).size, 1)
    t.ok(replies.every((reply) => reply.status === 201))
    t.equal(replies.filter((reply) => !isReplay(reply)).length, 1)
    t.equal((await broadcastsIn(hub, thread)).length, 1)
  }
})

t.test('§9 of concurrent, different requests with one key one has its effect', { skip }, async (t) => {
  const [key, thread] = [unique('key'), unique('thread')]
  const replies = await inParallel(20, (i) => post(key, { ...chat(thread), body: `variant ${i}` }))
  t.strictSame(replies.map((reply) => reply.status).sort(), [201, ...Array(19).fill(422)])
  t.equal((await broadcastsIn(hub, thread)).length, 1)
})

t.test('§9 a session that was opened is answered again instead of a collision', { skip }, async (t) => {
  const [key, agent_id] = [unique('key'), unique('agent')]
  const first = await keyed<Session>(key, '/v1/sessions', { agent_id })
  const again = await keyed<Session>(key, '/v1/sessions', { agent_id })
  t.equal(again.status, 201)
  t.equal(again.result.session_id, first.result.session_id)
})

t.test('§9 a claim that was since released is not taken again by a replay', { skip }, async (t) => {
  const [key, claim_key, thread_id] = [unique('key'), unique('claim'), unique('thread')]
  const claim = { owner_agent_id: 'a', claim_key, thread_id }
  const first = await keyed<Claim>(key, '/v1/claims', claim)
  await hub.post('/v1/claims/release', { agent_id: 'a', claim_key })
  const again = await keyed<Claim>(key, '/v1/claims', claim)
  t.equal(again.text, first.text)
  const held = await hub.get<Claim[]>('/v1/claims', { thread_id, active_only: true })
  t.strictSame(held.result, [])
})

t.test('§9 a release is answered again instead of a 404', { skip }, async (t) => {
  const lock = { agent_id: 'a', file_path: unique('path') }
  const key = unique('key')
  await hub.post('/v1/locks', lock)
  for (const replay of [false, true]) {
    const reply = await keyed(key, '/v1/locks/release', lock)
    t.equal(reply.status, 200)
    t.equal(isReplay(reply), replay)
  }
})

t.test('§9 a channel that was created is a 201 again', { skip }, async (t) => {
  const [key, name] = [unique('key'), unique('channel')]
  for (let i = 0; i < 2; i++) t.equal((await keyed(key, '/v1/channels', { name })).status, 201)
})

t.test('§9 a roll-up is answered again whole, and happens once', { skip }, async (t) => {
  const thread_id = unique('thread')
  const parent = await say(hub, { kind: 'task', thread_id })
  const child = await say(hub, { kind: 'task', thread_id, parent_task_id: parent.id })
  const key = unique('key')
  for (const replay of [false, true]) {
    const reply = await keyed(key, `/v1/tasks/${child.id}/complete`)
    t.equal(reply.json.parent_completed, true)
    t.equal(isReplay(reply), replay)
  }
  const notices = (await broadcastsIn(hub, thread_id)).filter((message) => message.kind === 'notice')
  t.equal(notices.length, 1)
})

t.test('§9 a DELETE with a key is answered again instead of a 404', { skip }, async (t) => {
  const { session_id } = await join(hub, unique('agent'))
  const headers = { 'idempotency-key': unique('key') }
  for (const replay of [false, true]) {
    const reply = await hub.call('DELETE', `/v1/sessions/${session_id}`, undefined, headers)
    t.equal(reply.status, 200)
    t.strictSame(reply.result, { session_id, deleted: true })
    t.equal(isReplay(reply), replay)
  }
})

t.test('§9 a refusal with a key is the same refusal again, and still has no effect', { skip }, async (t) => {
  const [key, thread] = [unique('key'), unique('thread')]
  const bad = { ...chat(thread), kind: 'no such kind' }
  const first = await post(key, bad)
  refused(t, hub, first, 400)
  t.equal((await post(key, bad)).text, first.text)
  refused(t, hub, await keyed(unique('key'), `/v1/tasks/${Number.MAX_SAFE_INTEGER}/complete`), 404)
  t.strictSame(await broadcastsIn(hub, thread), [])
})

t.test('§9 a message refused for its channel is refused again under its key', { skip }, async (t) => {
  const [key, thread] = [unique('key'), unique('thread')]
  const body = { ...chat(thread), channel: unique('nowhere') }
  for (let i = 0; i < 2; i++) refused(t, hub, await post(key, body), 400)
  t.equal((await post(unique('key'), { ...body, channel: await newChannel(hub) })).status, 201)
})

for (const [name, key] of [
  ['empty', ''],
  ['129 characters', 'k'.repeat(129)],
  ['with a blank', 'a b'],
  ['with a dot', 'a.b'],
  ['with a slash', 'a/b'],
  ['with a colon', 'a:b'],
  ['with an umlaut', 'kèy'],
  ['with a comma', 'a,b'],
] as const) {
  t.test(`§9 a malformed key is a 400 without effect: ${name}`, { skip }, async (t) => {
    const thread = unique('thread')
    refused(t, hub, await post(key, chat(thread)), 400, /idempotency-key/i)
    t.strictSame(await broadcastsIn(hub, thread), [])
  })
}

t.test('§9 a key may have 1 to 128 of A–Z a–z 0–9 _ -', { skip }, async (t) => {
  const thread = unique('thread')
  const long = `${unique('AZaz09_-')}${'-'.repeat(128)}`.slice(0, 128)
  t.equal((await post(long, chat(thread))).status, 201)
  t.ok(isReplay(await post(long, chat(thread))))
  t.equal((await broadcastsIn(hub, thread)).length, 1)
})
