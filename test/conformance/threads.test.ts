// PROTOCOL §5, threads: what makes one, how its summary is computed, their order, and the whole of one.

import t from 'tap'
import type { Claim, Lock, ThreadDetail, ThreadSummary } from '../../src/protocol/objects.js'
import { idsOf, inParallel, newChannel, refused, say, taskIdsOf, unique } from './steps.js'
import { openTarget } from './target.js'

const hub = await openTarget(t)

const detail = async (thread: string) => (await hub.get<ThreadDetail>(`/v1/threads/${thread}`)).result
const summary = async (thread: string) => (await detail(thread)).thread
const threads = async () => (await hub.get<ThreadSummary[]>('/v1/threads')).result
const claim = (thread_id: string, claim_key = unique('key')) =>
  hub.post<Claim>('/v1/claims', { owner_agent_id: 'a', claim_key, thread_id })
const lock = (thread_id: string, file_path = unique('path')) =>
  hub.post<Lock>('/v1/locks', { agent_id: 'a', file_path, metadata: { thread_id } })
const complete = (task: { id: number }) => hub.post(`/v1/tasks/${task.id}/complete`)

t.test('§5 an unknown thread is a 404', async (t) => {
  refused(t, hub, await hub.get(`/v1/threads/${unique('nowhere')}`), 404)
})

t.test('§5 a message makes a thread, be it a direct one', async (t) => {
  const [broadcast, direct] = [unique('thread'), unique('thread')]
  await say(hub, { thread_id: broadcast })
  await say(hub, { thread_id: direct, to_agent: unique('agent') })
  const known = (await threads()).map((thread) => thread.thread_id)
  t.ok(known.includes(broadcast) && known.includes(direct))
  t.match(await summary(direct), { message_count: 1, channel: 'direct' })
})

t.test('§5 a claim alone makes a thread, with no channel and no messages', async (t) => {
  const thread_id = unique('thread')
  await claim(thread_id)
  const wanted = {
    thread_id,
    channel: null,
    root_task_id: null,
    latest_message_id: null,
    latest_message_ts: null,
    latest_artifact_id: null,
    message_count: 0,
    total_task_count: 0,
    open_task_count: 0,
    active_claim_count: 1,
    active_lock_count: 0,
    status: 'open',
  }
  t.strictSame(await summary(thread_id), wanted)
  t.strictSame(
    (await threads()).find((thread) => thread.thread_id === thread_id),
    wanted,
  )
})

t.test('§5 a thread that only a lock names is not listed, and can be looked at', async (t) => {
  const thread_id = unique('thread')
  refused(t, hub, await hub.get(`/v1/threads/${thread_id}`), 404)
  await lock(thread_id)
  const { result } = (await hub.get<ThreadDetail>(`/v1/threads/${thread_id}`)).json
  t.match(result, {
    thread: { thread_id, message_count: 0, active_lock_count: 1 },
    messages: [],
    tasks: [],
    claims: [],
  })
  t.equal(result?.locks.length, 1)
  t.notOk((await threads()).some((thread) => thread.thread_id === thread_id))
})

t.test('§5 the channel is that of the root task with the lowest id', async (t) => {
  const [chat, first, second] = [await newChannel(hub), await newChannel(hub), await newChannel(hub)]
  const thread_id = unique('thread')
  await say(hub, { thread_id, channel: chat })
  t.equal((await summary(thread_id)).channel, chat, 'of the first message, while there is no task')
  await say(hub, { thread_id, channel: second })
  t.equal((await summary(thread_id)).channel, chat, 'not of a later one')
  await say(hub, { thread_id, channel: first, kind: 'task' })
  t.equal((await summary(thread_id)).channel, first, 'of the root task')
  await say(hub, { thread_id, channel: second, kind: 'task' })
  t.equal((await summary(thread_id)).channel, first, 'not of a later root')
})

t.test('§5 a task that has a parent is no root, and does not decide the channel', async (t) => {
  const [elsewhere, here] = [await newChannel(hub), await newChannel(hub)]
  const thread_id = unique('thread')
  const parent = await say(hub, { kind: 'task' })
  await say(hub, { thread_id, channel: here })
  const child = { thread_id, channel: elsewhere, kind: 'task', parent_task_id: parent.id }
  await say(hub, child)
  t.match(await summary(thread_id), { root_task_id: null, channel: here, total_task_count: 1 })
  const root = await say(hub, { ...child, parent_task_id: null })
  t.match(await summary(thread_id), { root_task_id: root.id, channel: elsewhere })
})

t.test('§5 root_task_id is the lowest task without a parent, done or not', async (t) => {
  const thread_id = unique('thread')
  const first = await say(hub, { thread_id, kind: 'task' })
  await say(hub, { thread_id, kind: 'task' })
  await complete(first)
  t.equal((await summary(thread_id)).root_task_id, first.id)
})

t.test('§5 the latest message and artifact are those with the highest ids', async (t) => {
  const thread_id = unique('thread')
  await say(hub, { thread_id, kind: 'artifact' })
  const artifact = await say(hub, { thread_id, kind: 'artifact' })
  const last = await say(hub, { thread_id })
  t.match(await summary(thread_id), {
    latest_artifact_id: artifact.id,
    latest_message_id: last.id,
    latest_message_ts: last.ts,
    message_count: 3,
  })
})

t.test('§5 direct messages count, and are the latest too', async (t) => {
  const thread_id = unique('thread')
  await say(hub, { thread_id })
  const direct = await say(hub, { thread_id, to_agent: unique('agent') })
  t.match(await summary(thread_id), { message_count: 2, latest_message_id: direct.id })
})

t.test('§5 tasks count in all and as open', async (t) => {
  const thread_id = unique('thread')
  const tasks = await inParallel(3, () => say(hub, { thread_id, kind: 'task' }))
  await say(hub, { thread_id, kind: 'task_request' })
  for (const task of tasks.slice(0, 1)) await complete(task)
  t.match(await summary(thread_id), { total_task_count: 4, open_task_count: 3 })
})

t.test('§5 claims and locks count while they are active', async (t) => {
  const thread_id = unique('thread')
  const [key, path] = [unique('key'), unique('path')]
  await claim(thread_id)
  await claim(thread_id, key)
  await lock(thread_id)
  await lock(thread_id, path)
  await lock(unique('thread'))
  t.match(await summary(thread_id), { active_claim_count: 2, active_lock_count: 2 })
  await hub.post('/v1/claims/release', { claim_key: key, agent_id: 'a' })
  await hub.post('/v1/locks/release', { file_path: path, agent_id: 'a' })
  t.match(await summary(thread_id), { active_claim_count: 1, active_lock_count: 1 })
  const listed = (await threads()).find((thread) => thread.thread_id === thread_id)
  t.match(listed, { active_claim_count: 1, active_lock_count: 1 })
})

t.test('§5 status: waiting, without tasks and without leases', async (t) => {
  const thread_id = unique('thread')
  await say(hub, { thread_id })
  t.equal((await summary(thread_id)).status, 'waiting')
})

t.test('§5 status: waiting, with an open task that nobody holds', async (t) => {
  const thread_id = unique('thread')
  await say(hub, { thread_id, kind: 'task' })
  t.equal((await summary(thread_id)).status, 'waiting')
})

t.test('§5 status: open while a claim of it is active', async (t) => {
  const thread_id = unique('thread')
  await say(hub, { thread_id, kind: 'task' })
  const { claim_key } = (await claim(thread_id)).result
  t.equal((await summary(thread_id)).status, 'open')
  await hub.post('/v1/claims/release', { claim_key, agent_id: 'a' })
  t.equal((await summary(thread_id)).status, 'waiting')
})

t.test('§5 status: open while a lock of it is active', async (t) => {
  const thread_id = unique('thread')
  await say(hub, { thread_id })
  const { file_path } = (await lock(thread_id)).result
  t.equal((await summary(thread_id)).status, 'open')
  await hub.post('/v1/locks/release', { file_path, agent_id: 'a' })
  t.equal((await summary(thread_id)).status, 'waiting')
})

t.test('§5 status: completed when it has tasks and none is open, whatever is held', async (t) => {
  const thread_id = unique('thread')
  const tasks = [await say(hub, { thread_id, kind: 'task' }), await say(hub, { thread_id, kind: 'task' })]
  await claim(thread_id)
  for (const [index, task] of tasks.entries()) {
    await complete(task)
    t.equal((await summary(thread_id)).status, index === 0 ? 'open' : 'completed')
  }
  const listed = (await threads()).find((thread) => thread.thread_id === thread_id)
  t.equal(listed?.status, 'completed')
})

t.test('§5 the newest message comes first, threads without any last, then by id from the end', async (t) => {
  const prefix = unique('thread')
  const name = (suffix: string) => `${prefix}-${suffix}`
  for (const suffix of ['m', 'z', 'a']) await say(hub, { thread_id: name(suffix) })
  for (const suffix of ['x', 'y', 'b']) await claim(name(suffix))
  await say(hub, { thread_id: name('m'), to_agent: unique('agent') })
  const order = (await threads()).map((thread) => thread.thread_id).filter((id) => id.startsWith(prefix))
  t.strictSame(order, ['m', 'a', 'z', 'y', 'x', 'b'].map(name))
})

t.test('§5 the list holds every thread', async (t) => {
  const prefix = unique('thread')
  await inParallel(520, (i) => say(hub, { thread_id: `${prefix}-${i}` }))
  t.equal((await threads()).filter((thread) => thread.thread_id.startsWith(prefix)).length, 520)
})

t.test('§5 the list and the thread itself agree on the summary', async (t) => {
  const thread_id = unique('thread')
  await say(hub, { thread_id, kind: 'task' })
  await say(hub, { thread_id, kind: 'artifact', to_agent: unique('agent') })
  await claim(thread_id)
  await lock(thread_id)
  t.strictSame(
    await summary(thread_id),
    (await threads()).find((thread) => thread.thread_id === thread_id),
  )
})

t.test('§5 a thread gives all its messages, direct ones included, in id order', async (t) => {
  const thread_id = unique('thread')
  const other = unique('thread')
  const posted = await inParallel(510, (i) =>
    say(hub, { thread_id, ...(i % 2 === 0 ? { to_agent: unique('agent') } : {}) }),
  )
  await say(hub, { thread_id: other })
  const { messages } = await detail(thread_id)
  t.strictSame(
    idsOf(messages),
    idsOf(posted).sort((a, b) => a - b),
  )
})

t.test('§5 a thread gives its tasks, claims and locks, and no others', async (t) => {
  const thread_id = unique('thread')
  const tasks = [
    await say(hub, { thread_id, kind: 'task' }),
    await say(hub, { thread_id, kind: 'task_request' }),
  ]
  const held = { claim: (await claim(thread_id)).result, lock: (await lock(thread_id)).result }
  await say(hub, { thread_id: unique('thread'), kind: 'task' })
  await claim(unique('thread'))
  await lock(unique('thread'))
  const whole = await detail(thread_id)
  t.strictSame(taskIdsOf(whole.tasks), idsOf(tasks))
  t.strictSame(whole.claims, [held.claim])
  t.strictSame(whole.locks, [held.lock])
})
