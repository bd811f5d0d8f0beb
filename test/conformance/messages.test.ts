// PROTOCOL §4, channels and messages: who may see what, in which listing, and what posting a message does
// besides storing it. Long-polls are in long-poll.test.ts; paging in pages.test.ts.

import t from 'tap'
import type { Channel, Message, Task } from '../../src/protocol/objects.js'
import { broadcastsIn, idsOf, inParallel, newChannel, refused, say, unique } from './steps.js'
import { openTarget } from './target.js'

const hub = await openTarget(t)

const channels = async () => (await hub.get<Channel[]>('/v1/channels')).result
const taskOf = async (message: Message) =>
  (await hub.get<Task[]>('/v1/tasks', { thread_id: message.thread_id ?? '' })).result.find(
    (task) => task.task_id === message.id,
  )

t.test('§4 general and direct always exist, made by system', async (t) => {
  for (const name of ['general', 'direct']) {
    t.equal((await channels()).find((channel) => channel.name === name)?.created_by, 'system')
  }
})

t.test('§4 channels are listed by name', async (t) => {
  const prefix = unique('channel')
  for (const name of ['b', 'c', 'a']) await hub.post('/v1/channels', { name: `${prefix}-${name}` })
  const mine = (await channels()).map((channel) => channel.name).filter((name) => name.startsWith(prefix))
  t.strictSame(
    mine,
    ['a', 'b', 'c'].map((name) => `${prefix}-${name}`),
  )
})

t.test('§4 a new channel is a 201, with nobody and nothing by default', async (t) => {
  const reply = await hub.post<Channel>('/v1/channels', { name: unique('channel') })
  t.equal(reply.status, 201)
  t.match(reply.result, { created_by: null, metadata: {} })
})

t.test('§4 a channel that exists is a 200 with the row as it was', async (t) => {
  const name = unique('channel')
  const first = await hub.post<Channel>('/v1/channels', { name, created_by: 'me', metadata: { a: 1 } })
  const second = await hub.post<Channel>('/v1/channels', { name, created_by: 'you', metadata: { b: 2 } })
  t.equal(second.status, 200)
  t.strictSame(second.result, first.result)
})

t.test('§4 of concurrent creations of a channel exactly one is a 201', async (t) => {
  const name = unique('channel')
  const replies = await inParallel(20, (i) => hub.post('/v1/channels', { name, created_by: `agent-${i}` }))
  t.strictSame(replies.map((reply) => reply.status).sort(), [...Array(19).fill(200), 201])
  t.equal(new Set(replies.map((reply) => JSON.stringify(reply.result))).size, 1, 'all are given one row')
})

t.test('§4 a message goes to general by default, and to direct when it has an addressee', async (t) => {
  t.equal((await say(hub)).channel, 'general')
  t.equal((await say(hub, { to_agent: unique('agent') })).channel, 'direct')
})

t.test('§4 a broadcast to a channel that does not exist is a 400 that names it', async (t) => {
  const channel = unique('nowhere')
  const thread_id = unique('thread')
  const reply = await hub.post('/v1/messages', { from_agent: 'a', body: 'x', channel, thread_id })
  refused(t, hub, reply, 400, new RegExp(channel))
  t.strictSame(await broadcastsIn(hub, thread_id), [])
})

t.test("§4 a direct message's channel is only a label", async (t) => {
  const channel = unique('label')
  const message = await say(hub, { to_agent: unique('agent'), channel })
  t.equal(message.channel, channel)
  t.notOk(
    (await channels()).some((row) => row.name === channel),
    'it makes no channel',
  )
})

t.test('§4 a message needs a body or an attachment', async (t) => {
  const thread_id = unique('thread')
  for (const body of [undefined, null, '']) {
    for (const attachments of [undefined, null, []]) {
      const reply = await hub.post('/v1/messages', { from_agent: 'a', thread_id, body, attachments })
      refused(t, hub, reply, 400, /body|attachment/)
    }
  }
  t.strictSame(await broadcastsIn(hub, thread_id), [])
})

t.test('§4 an attachment is enough, and the body is then empty', async (t) => {
  const attachments = [{ type: 'text', content: 'x' }]
  t.match(await say(hub, { body: undefined, attachments }), { body: '', attachments })
})

t.test('§4 the sender needs no session', async (t) => {
  const reply = await hub.post('/v1/messages', { from_agent: unique('stranger'), body: 'x' })
  t.equal(reply.status, 201)
})

for (const kind of ['task', 'task_request']) {
  t.test(`§4 a ${kind} creates its task row`, async (t) => {
    const channel = await newChannel(hub)
    const thread_id = unique('thread')
    const parent = await say(hub, { kind: 'task' })
    const message = await say(hub, { kind, channel, thread_id, parent_task_id: parent.id })
    t.match(await taskOf(message), {
      task_id: message.id,
      parent_task_id: parent.id,
      channel,
      thread_id,
      status: 'open',
      completed_at: null,
    })
  })

  t.test(`§4 a direct ${kind} creates its task row as well`, async (t) => {
    const message = await say(hub, { kind, to_agent: unique('agent'), thread_id: unique('thread') })
    t.match(await taskOf(message), { channel: 'direct', status: 'open' })
  })
}

for (const kind of ['chat', 'notice', 'claim', 'release', 'artifact', 'task_result']) {
  t.test(`§4 a ${kind} creates no task row`, async (t) => {
    t.equal(await taskOf(await say(hub, { kind, thread_id: unique('thread') })), undefined)
  })
}

t.test('§4 parent_task_id must name an existing task', async (t) => {
  const thread_id = unique('thread')
  const chat = await say(hub)
  for (const parent_task_id of [chat.id, Number.MAX_SAFE_INTEGER]) {
    const reply = await hub.post('/v1/messages', {
      from_agent: 'a',
      body: 'x',
      kind: 'task',
      thread_id,
      parent_task_id,
    })
    refused(t, hub, reply, 400)
  }
  t.strictSame(await broadcastsIn(hub, thread_id), [], 'no message')
  t.strictSame((await hub.get<Task[]>('/v1/tasks', { thread_id })).result, [], 'no task')
})

const request = (thread_id: string, kind = 'task_request') => say(hub, { kind, thread_id })

t.test('§4 a task_result completes the open task_request that it replies to', async (t) => {
  const open = await request(unique('thread'))
  const result = await say(hub, { kind: 'task_result', reply_to: open.id, metadata: { a: 1 } })
  t.strictSame(result.metadata, { a: 1, task_completed: open.id })
  const task = await taskOf(open)
  t.equal(task?.status, 'done')
  t.type(task?.completed_at, 'string')
})

t.test('§4 metadata.task_completed is stored, not only answered', async (t) => {
  const open = await request(unique('thread'))
  await say(hub, { kind: 'task_result', reply_to: open.id, thread_id: open.thread_id })
  const [, result] = await broadcastsIn(hub, open.thread_id ?? '')
  t.strictSame(result?.metadata, { task_completed: open.id })
})

t.test('§4 a task_result may complete a request by direct message, too', async (t) => {
  const open = await say(hub, {
    kind: 'task_request',
    to_agent: unique('agent'),
    thread_id: unique('thread'),
  })
  const result = await say(hub, { kind: 'task_result', reply_to: open.id, to_agent: open.from_agent })
  t.strictSame(result.metadata, { task_completed: open.id })
  t.equal((await taskOf(open))?.status, 'done')
})

t.test('§4 a second task_result to the same request completes nothing', async (t) => {
  const open = await request(unique('thread'))
  await say(hub, { kind: 'task_result', reply_to: open.id })
  const task = await taskOf(open)
  const second = await say(hub, { kind: 'task_result', reply_to: open.id })
  t.strictSame(second.metadata, {})
  t.strictSame(await taskOf(open), task)
})

t.test('§4 of concurrent task_results exactly one completes the request', async (t) => {
  const open = await request(unique('thread'))
  const results = await inParallel(20, () => say(hub, { kind: 'task_result', reply_to: open.id }))
  t.equal(results.filter((result) => result.metadata.task_completed === open.id).length, 1)
})

t.test('§4 a task_result to a plain task completes nothing', async (t) => {
  const task = await request(unique('thread'), 'task')
  t.strictSame((await say(hub, { kind: 'task_result', reply_to: task.id })).metadata, {})
  t.equal((await taskOf(task))?.status, 'open')
})

t.test('§4 a task_result that replies to no task completes nothing', async (t) => {
  const chat = await say(hub)
  t.strictSame((await say(hub, { kind: 'task_result', reply_to: chat.id })).metadata, {})
  t.strictSame((await say(hub, { kind: 'task_result' })).metadata, {})
})

t.test('§4 a reply of any other kind completes nothing', async (t) => {
  const open = await request(unique('thread'))
  for (const kind of ['chat', 'notice', 'artifact', 'task']) {
    t.strictSame((await say(hub, { kind, reply_to: open.id })).metadata, {})
  }
  t.equal((await taskOf(open))?.status, 'open')
})

t.test('§4 GET /v1/messages gives the broadcasts of a channel, of a thread, or of both', async (t) => {
  const channel = await newChannel(hub)
  const thread_id = unique('thread')
  const both = await say(hub, { channel, thread_id })
  const inChannel = await say(hub, { channel })
  const inThread = await say(hub, { thread_id })
  await say(hub, { channel, thread_id, to_agent: unique('agent') })
  const ask = async (query: Record<string, string>) =>
    idsOf((await hub.get<Message[]>('/v1/messages', query)).result)
  t.strictSame(await ask({ channel }), idsOf([both, inChannel]))
  t.strictSame(await ask({ thread_id }), idsOf([both, inThread]))
  t.strictSame(await ask({ channel, thread_id }), idsOf([both]))
})

t.test('§4 GET /v1/messages with neither channel nor thread_id is a 400', async (t) => {
  for (const query of ['', '?since_id=0', '?channel=&thread_id=']) {
    refused(t, hub, await hub.get(`/v1/messages${query}`), 400)
  }
})

t.test('§4 reading an unknown channel is a 404, an unknown thread is just empty', async (t) => {
  const channel = unique('nowhere')
  refused(t, hub, await hub.get('/v1/messages', { channel }), 404)
  refused(t, hub, await hub.get('/v1/messages', { channel, thread_id: unique('thread') }), 404)
  refused(t, hub, await hub.get('/v1/events', { channel, agent_id: 'a' }), 404)
  t.strictSame(await broadcastsIn(hub, unique('thread')), [])
})

t.test('§4 events are the broadcasts, and the direct messages to the agent', async (t) => {
  const [me, other] = [unique('me'), unique('other')]
  const thread_id = unique('thread')
  const broadcast = await say(hub, { thread_id, channel: await newChannel(hub) })
  const toMe = await say(hub, { thread_id, from_agent: other, to_agent: me })
  await say(hub, { thread_id, from_agent: me, to_agent: other })
  await say(hub, { thread_id, from_agent: other, to_agent: other })
  const mine = await say(hub, { thread_id, from_agent: me })
  const rows = (await hub.get<Message[]>('/v1/events', { agent_id: me, thread_id })).result
  t.strictSame(idsOf(rows), idsOf([broadcast, toMe, mine]))
})

t.test('§4 exclude_self hides what the agent said itself, and only that', async (t) => {
  const me = unique('me')
  const thread_id = unique('thread')
  const theirs = await say(hub, { thread_id })
  await say(hub, { thread_id, from_agent: me })
  await say(hub, { thread_id, from_agent: me, to_agent: me })
  const longer = await say(hub, { thread_id, from_agent: `${me}-2` })
  const query = { agent_id: me, thread_id }
  const seen = async (exclude_self: boolean) =>
    idsOf((await hub.get<Message[]>('/v1/events', { ...query, exclude_self })).result)
  t.strictSame(await seen(true), idsOf([theirs, longer]))
  t.equal((await seen(false)).length, 4)
})

t.test('§4 events narrow to a channel', async (t) => {
  const channel = await newChannel(hub)
  const thread_id = unique('thread')
  const inChannel = await say(hub, { channel })
  const inBoth = await say(hub, { channel, thread_id })
  await say(hub, { thread_id })
  const query = { agent_id: unique('agent'), channel }
  t.strictSame(idsOf((await hub.get<Message[]>('/v1/events', query)).result), idsOf([inChannel, inBoth]))
  const narrower = await hub.get<Message[]>('/v1/events', { ...query, thread_id })
  t.strictSame(idsOf(narrower.result), idsOf([inBoth]))
})

t.test('§4 events without any filter hold every channel and thread', async (t) => {
  const first = await say(hub)
  const wanted = [
    await say(hub, { channel: await newChannel(hub) }),
    await say(hub, { thread_id: unique('thread') }),
  ]
  const query = { agent_id: unique('agent'), since_id: first.id, limit: 500 }
  const seen = idsOf((await hub.get<Message[]>('/v1/events', query)).result)
  t.ok(idsOf(wanted).every((id) => seen.includes(id)))
})

t.test('§4 an inbox holds the direct messages to that agent, from whomever, and nothing else', async (t) => {
  const me = unique('me')
  const first = await say(hub, { to_agent: me })
  const own = await say(hub, { from_agent: me, to_agent: me, channel: 'general' })
  await say(hub, { from_agent: me })
  await say(hub, { from_agent: me, to_agent: unique('other') })
  t.strictSame((await hub.get<Message[]>(`/v1/inbox/${me}`)).result, [first, own])
  t.strictSame((await hub.get<Message[]>(`/v1/inbox/${unique('nobody')}`)).result, [])
})
