// PROTOCOL §2, the objects: exactly which fields each has and of what type, the closed set of message
// kinds, and the limits on bodies. Attachments are in attachments.test.ts.

import t, { type Test } from 'tap'
import type { Channel, Message, Task, ThreadDetail } from '../../src/protocol/objects.js'
import * as schemas from '../../src/protocol/objects.js'
import { broadcastsIn, refused, say, unique } from './steps.js'
import { openTarget } from './target.js'

const hub = await openTarget(t)

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Asserts that `row` has just the fields of `shape`; a function in it judges the value, all else must equal it. */
function hasShape(t: Test, row: unknown, shape: Record<string, unknown>): void {
  const fields = row as Record<string, unknown>
  t.strictSame(Object.keys(fields).sort(), Object.keys(shape).sort(), 'the fields')
  for (const [name, wanted] of Object.entries(shape)) {
    if (typeof wanted === 'function') t.ok(wanted(fields[name]), `${name}: ${JSON.stringify(fields[name])}`)
    else t.strictSame(fields[name], wanted, name)
  }
}

const stamp = (value: unknown) => typeof value === 'string' && STAMP.test(value)
const id = (value: unknown) => Number.isSafeInteger(value)

t.test('§2 a channel', async (t) => {
  const name = unique('channel')
  const reply = await hub.post('/v1/channels', { name, created_by: 'me', metadata: { topic: 'x' } })
  const shape = { name, created_at: stamp, created_by: 'me', metadata: { topic: 'x' } }
  hasShape(t, reply.result, shape)
  const listed = (await hub.get<Channel[]>('/v1/channels')).result.find((row) => row.name === name)
  hasShape(t, listed, shape)
})

t.test('§2 a session', async (t) => {
  const agent_id = unique('agent')
  const given = { agent_id, display_name: 'Ada', capabilities: ['review', 'rust'], metadata: { pid: 7 } }
  const reply = await hub.post('/v1/sessions', given)
  hasShape(t, reply.result, {
    ...given,
    session_id: (value: unknown) => typeof value === 'string' && UUID.test(value),
    created_at: stamp,
    last_seen: stamp,
    active: true,
  })
})

t.test('§2 a message, with everything', async (t) => {
  const root = await say(hub)
  const given = {
    from_agent: unique('agent'),
    to_agent: unique('agent'),
    channel: 'general',
    kind: 'artifact',
    body: 'text',
    attachments: [{ type: 'text', content: 'more' }],
    reply_to: root.id,
    thread_id: unique('thread'),
    metadata: { deep: { list: [1, null] } },
  }
  hasShape(t, await say(hub, given), { ...given, id, ts: stamp })
})

t.test('§2 a message, with nothing but what it needs', async (t) => {
  const message = await say(hub, { from_agent: 'a', body: 'x' })
  const empty = { to_agent: null, reply_to: null, thread_id: null, attachments: [], metadata: {} }
  hasShape(t, message, {
    ...empty,
    id,
    ts: stamp,
    from_agent: 'a',
    channel: 'general',
    kind: 'chat',
    body: 'x',
  })
})

t.test('§1 a reference to a message may be any integer, and reads as it was given', async (t) => {
  for (const reference of [-1, 0, Number.MAX_SAFE_INTEGER]) {
    const answer = await say(hub, { reply_to: reference })
    t.equal(schemas.message.parse(answer).reply_to, reference)
    const claim = await hub.post('/v1/claims', {
      owner_agent_id: 'a',
      claim_key: unique('key'),
      task_message_id: reference,
    })
    t.equal(schemas.claim.parse(claim.result).task_message_id, reference)
  }
})

t.test('§2 a message reads the same from every listing as from its POST', async (t) => {
  const thread_id = unique('thread')
  const message = await say(hub, {
    thread_id,
    metadata: { a: 1 },
    attachments: [{ type: 'json', content: [1] }],
  })
  t.strictSame(await broadcastsIn(hub, thread_id), [message])
  const events = await hub.get<Message[]>('/v1/events', { agent_id: unique('agent'), thread_id })
  t.strictSame(events.result, [message])
  t.strictSame((await hub.get<ThreadDetail>(`/v1/threads/${thread_id}`)).result.messages, [message])
  const direct = await say(hub, { to_agent: unique('agent') })
  t.strictSame((await hub.get<Message[]>(`/v1/inbox/${direct.to_agent}`)).result, [direct])
})

t.test('§2 a claim', async (t) => {
  const task = await say(hub, { kind: 'task' })
  const claim_key = unique('key')
  const given = {
    claim_key,
    thread_id: unique('thread'),
    task_message_id: task.id,
    metadata: { why: 'test' },
  }
  const reply = await hub.post('/v1/claims', { ...given, owner_agent_id: 'me' })
  hasShape(t, reply.result, {
    ...given,
    owner_agent_id: 'me',
    claimed_at: stamp,
    expires_at: stamp,
    released_at: null,
  })
  const bare = await hub.post('/v1/claims', { claim_key: unique('key'), owner_agent_id: 'me' })
  t.match(bare.result, { thread_id: null, task_message_id: null, metadata: {} })
})

t.test('§2 a lock', async (t) => {
  const file_path = unique('src/file')
  const reply = await hub.post('/v1/locks', { agent_id: 'me', file_path, metadata: { why: 'test' } })
  hasShape(t, reply.result, {
    file_path,
    agent_id: 'me',
    locked_at: stamp,
    expires_at: stamp,
    released_at: null,
    metadata: { why: 'test' },
  })
})

t.test('§2 a task', async (t) => {
  const thread_id = unique('thread')
  const parent = await say(hub, { kind: 'task', thread_id })
  const child = await say(hub, { kind: 'task', thread_id, parent_task_id: parent.id })
  const ready = hub.announces('arc:ready') && { title: 'hello', from_agent: 'conformance', assignee: null }
  const shape = { channel: 'general', thread_id, created_at: stamp, ...ready }
  const [first, second] = (await hub.get<Task[]>('/v1/tasks', { thread_id })).result
  hasShape(t, first, {
    ...shape,
    task_id: parent.id,
    parent_task_id: null,
    status: 'open',
    completed_at: null,
  })
  hasShape(t, second, {
    ...shape,
    task_id: child.id,
    parent_task_id: parent.id,
    status: 'open',
    completed_at: null,
  })
  const done = (await hub.post<Task>(`/v1/tasks/${child.id}/complete`)).result
  hasShape(t, done, { ...second, status: 'done', completed_at: stamp })
})

t.test('§2 a thread summary', async (t) => {
  const thread_id = unique('thread')
  const message = await say(hub, { thread_id })
  const shape = {
    thread_id,
    channel: 'general',
    root_task_id: null,
    latest_message_id: message.id,
    latest_message_ts: message.ts,
    latest_artifact_id: null,
    message_count: 1,
    total_task_count: 0,
    open_task_count: 0,
    active_claim_count: 0,
    active_lock_count: 0,
    status: 'waiting',
  }
  const detail = (await hub.get<ThreadDetail>(`/v1/threads/${thread_id}`)).result
  t.strictSame(Object.keys(detail).sort(), ['claims', 'locks', 'messages', 'tasks', 'thread'])
  hasShape(t, detail.thread, shape)
  const threads = (await hub.get<{ thread_id: string }[]>('/v1/threads')).result
  hasShape(
    t,
    threads.find((row) => row.thread_id === thread_id),
    shape,
  )
})

const KINDS = ['chat', 'notice', 'task', 'claim', 'release', 'artifact', 'task_request', 'task_result']

for (const kind of KINDS) {
  t.test(`§2 kind ${kind} is accepted, and stored in lower case`, async (t) => {
    t.equal((await say(hub, { kind })).kind, kind)
    t.equal((await say(hub, { kind: kind.toUpperCase() })).kind, kind)
    const mixed = `${kind[0]?.toUpperCase()}${kind.slice(1)}`
    const thread_id = unique('thread')
    t.equal((await say(hub, { kind: mixed, thread_id })).kind, kind)
    t.equal((await broadcastsIn(hub, thread_id))[0]?.kind, kind)
  })
}

for (const kind of ['chats', 'task-request', 'taskresult', 'message', 'system', '*', 'constructor']) {
  t.test(`§2 the unknown kind ${kind} is a 400 and stores nothing`, async (t) => {
    const thread_id = unique('thread')
    refused(
      t,
      hub,
      await hub.post('/v1/messages', { from_agent: 'a', body: 'x', kind, thread_id }),
      400,
      /kind/,
    )
    t.strictSame(await broadcastsIn(hub, thread_id), [])
  })
}

for (const [name, char] of [
  ['letters', 'x'],
  ['characters outside the basic plane, which count once', '🙂'],
  ['characters that JSON escapes, which count once', '\n'],
] as const) {
  t.test(`§2 a body of max_body_chars is accepted, one more is a 400: ${name}`, async (t) => {
    const thread_id = unique('thread')
    const longest = `x${char.repeat(hub.info.max_body_chars - 1)}`
    const message = await say(hub, { body: longest, thread_id })
    t.ok(message.body === longest, 'it comes back whole')
    refused(
      t,
      hub,
      await hub.post('/v1/messages', { from_agent: 'a', body: `${longest}${char}`, thread_id }),
      400,
    )
    t.equal((await broadcastsIn(hub, thread_id)).length, 1, 'the one too long was not stored')
  })
}

t.test('§2 text of every kind survives the way through the hub', async (t) => {
  const body = 'ä € 🙂 \u0000 \u2028 \\ " \' </script> \ud83d\udc68\u200d\ud83d\udc69 \r\n\t é e\u0301'
  t.equal((await say(hub, { body })).body, body)
})
