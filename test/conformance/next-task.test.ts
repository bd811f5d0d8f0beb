// PROTOCOL §20: what a task row says of its work, taking the next task, assigning one, and opening one again.

import t from 'tap'
import type { Claim, Message, Task, ThreadDetail } from '../../src/protocol/objects.js'
import {
  broadcastsIn,
  inParallel,
  join,
  newChannel,
  parked,
  refused,
  say,
  secondsAfter,
  unique,
  until,
} from './steps.js'
import { openTarget } from './target.js'

t.jobs = 8
const hub = await openTarget(t)
const skip = !hub.announces('arc:ready') && 'the hub does not announce arc:ready'

/** A task in a thread of its own, unless `fields` say otherwise. */
const add = (fields: Record<string, unknown> = {}) =>
  say(hub, { kind: 'task', thread_id: unique('thread'), ...fields })
const next = (agent_id: string, fields: Record<string, unknown>, timeout = 0) =>
  hub.post<Task>(`/v1/tasks/next?timeout=${timeout}`, { agent_id, ...fields })
const rowOf = async ({ id }: Message) =>
  (await hub.get<Task[]>('/v1/tasks', { since_id: id - 1, limit: 1 })).result[0]
const assign = (task: Message, fields: object) => hub.post<Task>(`/v1/tasks/${task.id}/assign`, fields)
const reopen = (task: Message, fields: object = {}) => hub.post<Task>(`/v1/tasks/${task.id}/reopen`, fields)
const complete = (task: Message) => hub.post<Task>(`/v1/tasks/${task.id}/complete`)
const claimsOf = async (task: Message) =>
  (await hub.get<Claim[]>('/v1/claims', { thread_id: task.thread_id ?? '', active_only: true })).result
const lastIn = async (task: Message) => (await broadcastsIn(hub, task.thread_id ?? '')).at(-1)
const inboxOf = async (agent: string) => (await hub.get<Message[]>(`/v1/inbox/${agent}`)).result

t.test('§20 a task row says its title, who posted it, and who holds its claim', { skip }, async (t) => {
  const task = await add({ from_agent: 'ann', body: '\n  Fix the parser  \nIt fails on tabs.' })
  t.match(await rowOf(task), { title: 'Fix the parser', from_agent: 'ann', assignee: null })
  await hub.post('/v1/claims', { owner_agent_id: 'bob', task_message_id: task.id })
  const detail = await hub.get<ThreadDetail>(`/v1/threads/${task.thread_id}`)
  t.match(detail.result.tasks, [{ title: 'Fix the parser', assignee: 'bob' }])
  t.equal((await complete(task)).result.assignee, 'bob')
  await hub.post('/v1/claims/release', { agent_id: 'bob', claim_key: `task-${task.id}` })
  t.equal((await rowOf(task))?.assignee, null)
})

t.test('§20 a claim with a key of its own that names the task counts as well', { skip }, async (t) => {
  const task = await add()
  await hub.post('/v1/claims', { owner_agent_id: 'bob', claim_key: unique('key'), task_message_id: task.id })
  t.equal((await rowOf(task))?.assignee, 'bob')
  t.equal((await next('ann', { thread_id: task.thread_id })).json.result, null)
})

t.test('§20 a title has at most 200 characters; without a body it is empty', { skip }, async (t) => {
  t.equal((await rowOf(await add({ body: '🙂'.repeat(200) })))?.title, '🙂'.repeat(200))
  t.equal((await rowOf(await add({ body: '🙂'.repeat(201) })))?.title, `${'🙂'.repeat(199)}…`)
  const attachments = [{ type: 'text', content: 'x' }]
  t.equal((await rowOf(await add({ body: '', attachments })))?.title, '')
})

t.test(
  '§20 next gives the oldest open task without a claim, claimed, with its fence',
  { skip },
  async (t) => {
    const thread_id = unique('thread')
    const tasks: Message[] = []
    for (let i = 0; i < 4; i++) tasks.push(await add({ thread_id }))
    const [done, claimed, first, second] = tasks as [Message, Message, Message, Message]
    await complete(done)
    await hub.post('/v1/claims', { owner_agent_id: 'x', task_message_id: claimed.id })
    const reply = await next('ann', { thread_id, ttl_sec: 60 })
    t.equal(reply.status, 201)
    t.match(reply.json, { acquired: true, result: { task_id: first.id, assignee: 'ann', status: 'open' } })
    const claim = { owner_agent_id: 'ann', claim_key: `task-${first.id}`, fence: reply.json.fence }
    t.equal((await hub.post('/v1/claims/refresh', claim)).status, 200, 'the fence is that of the claim')
    t.equal((await next('bob', { thread_id })).result.task_id, second.id)
    const none = await next('eve', { thread_id })
    t.equal(none.status, 200)
    t.match(none.json, { ok: true, result: null, acquired: false })
    await hub.post('/v1/claims/release', { agent_id: 'ann', claim_key: `task-${first.id}` })
    t.equal((await next('eve', { thread_id })).result.task_id, first.id)
  },
)

t.test('§20 next gives a task whose claim has expired', { skip }, async (t) => {
  const task = await add()
  const { thread_id } = task
  await next('ann', { thread_id, ttl_sec: 5 })
  const [claim] = await claimsOf(task)
  t.equal((await next('bob', { thread_id })).json.result, null)
  await secondsAfter(claim?.expires_at ?? '')
  t.equal((await next('bob', { thread_id }, 10)).result.task_id, task.id)
})

t.test('§20 next looks in a channel, in a thread, or in both', { skip }, async (t) => {
  const [channel, other] = [await newChannel(hub), await newChannel(hub)]
  const here = await add({ channel })
  const there = await add({ channel: other })
  t.equal((await next('a', { channel, thread_id: there.thread_id })).json.result, null)
  t.equal((await next('a', { channel })).result.task_id, here.id)
  t.equal((await next('a', { thread_id: there.thread_id })).result.task_id, there.id)
  refused(t, hub, await next('a', { channel: unique('nowhere') }), 404, /channel/)
})

t.test('§20 a task that was sent to another agent does not fit', { skip }, async (t) => {
  const [thread_id, ann] = [unique('thread'), unique('ann')]
  const task = await add({ thread_id, to_agent: ann })
  t.equal((await next('bob', { thread_id })).json.result, null)
  t.equal((await next(ann, { thread_id })).result.task_id, task.id)
})

t.test('§20 of agents that ask at once no two get one task', { skip }, async (t) => {
  const thread_id = unique('thread')
  const tasks = await inParallel(30, () => add({ thread_id }))
  const replies = await inParallel(50, (i) => next(`agent-${i}`, { thread_id }))
  const given = replies.flatMap(({ json }) => (json.result ? [(json.result as Task).task_id] : []))
  t.strictSame(given.sort(), tasks.map(({ id }) => id).sort())
  t.equal(replies.filter(({ json }) => json.acquired === false).length, 20)
  const rows = (await hub.get<Task[]>('/v1/tasks', { thread_id })).result
  t.equal(new Set(rows.map(({ assignee }) => assignee)).size, 30)
})

t.test('§20 next waits, and of agents that wait each task goes to one', { skip }, async (t) => {
  const thread_id = unique('thread')
  await join(hub, 'waiter')
  const waiting = ['waiter', 'b', 'c', 'd'].map((agent) => next(agent, { thread_id }, 20))
  const late = next('late', { thread_id }, 2)
  await until('one to wait', async () => {
    const { waits_for } = (await hub.get<{ waits_for: object[] }>('/v1/agents/waiter')).result
    return waits_for.length > 0 && t.match(waits_for, [{ kind: 'task', channel: null, thread_id }])
  })
  t.equal((await late).json.result, null, 'at the deadline')
  const tasks = [await add({ thread_id }), await add({ thread_id })]
  await complete(await add({ thread_id }))
  tasks.push(await add({ thread_id }), await add({ thread_id }))
  const given = (await Promise.all(waiting)).map(({ result }) => result.task_id)
  const open = (await hub.get<Task[]>('/v1/tasks', { thread_id })).result
  t.equal(new Set(given).size, 4, 'no two got one')
  t.ok(given.every((id) => open.some(({ task_id }) => task_id === id)))
  t.ok(tasks.length === 4)
})

t.test('§20 next with a key gives one task, however often it is sent', { skip }, async (t) => {
  const thread_id = unique('thread')
  const key = { 'idempotency-key': unique('key') }
  const ask = () => hub.post<Task>('/v1/tasks/next?timeout=20', { agent_id: 'a', thread_id }, key)
  const first = ask()
  await parked(hub)
  const second = ask()
  await add({ thread_id })
  await add({ thread_id })
  const ids = [(await first).result, (await second).result, (await ask()).result].map(
    ({ task_id }) => task_id,
  )
  t.equal(new Set(ids).size, 1)
})

t.test('§20 a task is opened again, and its thread is told', { skip }, async (t) => {
  const task = await add({ body: 'Do it' })
  await complete(task)
  const reply = await reopen(task, { by: 'boss' })
  t.equal(reply.status, 200)
  t.match(reply.result, { status: 'open', completed_at: null })
  const told = { from_agent: 'system', kind: 'notice', reply_to: task.id, channel: 'general' }
  t.match(await lastIn(task), {
    ...told,
    body: /boss.*Do it/,
    metadata: { task_reopened: task.id, by: 'boss' },
  })
  const before = await lastIn(task)
  t.equal((await reopen(task)).status, 200, 'again')
  t.strictSame(await lastIn(task), before, 'who opens an open one tells nobody')
  t.equal((await next('a', { thread_id: task.thread_id })).result.task_id, task.id)
  for (const id of ['999999999', 'x']) refused(t, hub, await hub.post(`/v1/tasks/${id}/reopen`), 404)
})

t.test('§20 a task is assigned: the agent holds its claim, and all are told', { skip }, async (t) => {
  const [ann, bob] = [unique('ann'), unique('bob')]
  const task = await add()
  const first = await assign(task, { agent_id: ann, by: 'boss' })
  t.match(first.json, { result: { assignee: ann, status: 'open' } })
  t.type(first.json.fence, 'number')
  const [claim] = await claimsOf(task)
  t.match(claim, { claim_key: `task-${task.id}`, owner_agent_id: ann })
  t.equal((Date.parse(claim?.expires_at ?? '') - Date.parse(claim?.claimed_at ?? '')) / 1_000, 3_600)
  const metadata = { task_assigned: task.id, by: 'boss' }
  t.match(await lastIn(task), {
    from_agent: 'system',
    reply_to: task.id,
    metadata: { ...metadata, agent_id: ann },
  })
  t.match(await inboxOf(ann), [{ from_agent: 'system', metadata }])

  const second = await assign(task, { agent_id: bob, ttl_sec: 60 })
  t.ok((second.json.fence as number) > (first.json.fence as number))
  t.match(await inboxOf(ann), [{}, { metadata: { agent_id: bob, former_assignee: ann } }])
  t.match(await inboxOf(bob), [{ metadata: { agent_id: bob, former_assignee: ann, by: null } }])
  const late = { from_agent: ann, body: 'x', claim_key: `task-${task.id}`, fence: first.json.fence }
  t.equal((await hub.post('/v1/messages', late)).json.code, 'stale_fence')
  t.equal((await assign(task, { agent_id: bob })).json.fence, second.json.fence, 'the holder keeps its fence')

  await complete(task)
  const refusal = await assign(task, { agent_id: ann })
  refused(t, hub, refusal, 409, /reopen/)
  t.equal(refusal.json.code, 'task_done')
  refused(t, hub, await hub.post('/v1/tasks/999999999/assign', { agent_id: ann }), 404)
  refused(t, hub, await assign(task, {}), 400, /agent_id/)
})

t.test('§20 a task under a claim with another key is assigned as well', { skip }, async (t) => {
  const task = await add()
  const { thread_id } = task
  const claim = { claim_key: unique('key'), task_message_id: task.id, thread_id }
  await hub.post('/v1/claims', { owner_agent_id: 'ann', ...claim })
  await assign(task, { agent_id: 'bob' })
  t.equal((await rowOf(task))?.assignee, 'bob')
  t.match(await claimsOf(task), [{ owner_agent_id: 'bob' }])
  t.equal((await claimsOf(task)).length, 1)
})
