// PROTOCOL §1, the rules for single values: required and optional strings, trimming, numbers as strings,
// null as absent, integers, booleans, metadata, path parameters, timestamps.

import t from 'tap'
import type { Channel, Claim, Lock, Message, Session, Task } from '../../src/protocol/objects.js'
import { join, newChannel, refused, say, unique } from './steps.js'
import { openTarget } from './target.js'

const hub = await openTarget(t)
const key = () => unique('key')

// Every required string of a POST body: the route, the field, what else the request needs.
const REQUIRED: [string, string, () => Record<string, unknown>][] = [
  ['/v1/sessions', 'agent_id', () => ({})],
  ['/v1/channels', 'name', () => ({})],
  ['/v1/messages', 'from_agent', () => ({ body: 'x' })],
  ['/v1/claims', 'owner_agent_id', () => ({ claim_key: key() })],
  ['/v1/claims/refresh', 'claim_key', () => ({ owner_agent_id: 'a' })],
  ['/v1/claims/refresh', 'owner_agent_id', () => ({ claim_key: key() })],
  ['/v1/claims/release', 'claim_key', () => ({ agent_id: 'a' })],
  ['/v1/claims/release', 'agent_id', () => ({ claim_key: key() })],
  ['/v1/locks', 'agent_id', () => ({ file_path: key() })],
  ['/v1/locks', 'file_path', () => ({ agent_id: 'a' })],
  ['/v1/locks/refresh', 'agent_id', () => ({ file_path: key() })],
  ['/v1/locks/refresh', 'file_path', () => ({ agent_id: 'a' })],
  ['/v1/locks/release', 'agent_id', () => ({ file_path: key() })],
  ['/v1/locks/release', 'file_path', () => ({ agent_id: 'a' })],
]

for (const [path, field, rest] of REQUIRED) {
  t.test(`§1 ${path}: ${field} absent, null, empty or blank is a 400 that names it`, async (t) => {
    for (const value of [undefined, null, '', ' \t ']) {
      refused(t, hub, await hub.post(path, { ...rest(), [field]: value }), 400, new RegExp(field))
    }
  })

  t.test(`§1 ${path}: ${field} as an array or object is a 400 that names it`, async (t) => {
    for (const value of [['a'], { a: 1 }]) {
      refused(t, hub, await hub.post(path, { ...rest(), [field]: value }), 400, new RegExp(field))
    }
  })
}

t.test('§1 rename: display_name absent, null or empty is a 400 that names it', async (t) => {
  const { agent_id } = await join(hub, unique('agent'))
  for (const value of [undefined, null, '', ' ', []]) {
    const reply = await hub.post(`/v1/sessions/${agent_id}/rename`, { display_name: value })
    refused(t, hub, reply, 400, /display_name/)
  }
})

for (const path of ['/v1/bootstrap', '/v1/events']) {
  t.test(`§1 ${path}: agent_id absent, empty or blank is a 400 that names it`, async (t) => {
    for (const query of ['', '?agent_id=', '?agent_id=%20']) {
      refused(t, hub, await hub.get(`${path}${query}`), 400, /agent_id/)
    }
  })
}

// Names are trimmed wherever they come in; the reader gets back the bare name.
const TRIMMED: [string, string, string, () => Record<string, unknown>][] = [
  ['/v1/sessions', 'agent_id', 'agent_id', () => ({})],
  ['/v1/channels', 'name', 'name', () => ({})],
  ['/v1/messages', 'from_agent', 'from_agent', () => ({ body: 'x' })],
  ['/v1/messages', 'to_agent', 'to_agent', () => ({ from_agent: 'a', body: 'x' })],
  ['/v1/messages', 'thread_id', 'thread_id', () => ({ from_agent: 'a', body: 'x' })],
  ['/v1/claims', 'claim_key', 'claim_key', () => ({ owner_agent_id: 'a' })],
  ['/v1/claims', 'owner_agent_id', 'owner_agent_id', () => ({ claim_key: key() })],
  ['/v1/locks', 'file_path', 'file_path', () => ({ agent_id: 'a' })],
  ['/v1/locks', 'agent_id', 'agent_id', () => ({ file_path: key() })],
]

for (const [path, field, stored, rest] of TRIMMED) {
  t.test(`§1 ${path}: ${field} is trimmed`, async (t) => {
    const name = unique('name')
    const reply = await hub.post<Record<string, unknown>>(path, { ...rest(), [field]: ` \t${name}\n ` })
    t.equal(reply.result[stored], name)
  })

  t.test(`§1 ${path}: a number for ${field} becomes its digits`, async (t) => {
    const number = Math.floor(Math.random() * 2 ** 50)
    const reply = await hub.post<Record<string, unknown>>(path, { ...rest(), [field]: number })
    t.equal(reply.result[stored], String(number))
  })
}

t.test('§1 a trimmed name and its bare form are the same thing', async (t) => {
  const claim_key = key()
  await hub.post('/v1/claims', { owner_agent_id: 'a', claim_key: ` ${claim_key} ` })
  t.equal((await hub.post('/v1/claims', { owner_agent_id: 'b', claim_key })).json.acquired, false)
})

t.test('§1 a body is text, not a name: it is kept untrimmed, and a number becomes text', async (t) => {
  t.equal((await say(hub, { body: '  two blanks\n' })).body, '  two blanks\n')
  t.equal((await say(hub, { body: 42 })).body, '42')
})

// Optional strings of a message: empty, blank and null mean the default, an array or object is refused.
const OPTIONAL: [string, unknown][] = [
  ['to_agent', null],
  ['channel', 'general'],
  ['thread_id', null],
  ['kind', 'chat'],
]

for (const [field, fallback] of OPTIONAL) {
  t.test(`§1 an optional string that is empty, blank or null reads as absent: ${field}`, async (t) => {
    for (const value of ['', '  ', null]) {
      t.strictSame(
        (await say(hub, { [field]: value }))[field as keyof Message],
        fallback,
        JSON.stringify(value),
      )
    }
  })

  t.test(`§1 an optional string that is an array or object is a 400 that names it: ${field}`, async (t) => {
    for (const value of [['a'], { a: 1 }]) {
      const reply = await hub.post('/v1/messages', { from_agent: 'a', body: 'x', [field]: value })
      refused(t, hub, reply, 400, new RegExp(field))
    }
  })
}

t.test('§1 other optional strings that are empty or null read as absent', async (t) => {
  for (const value of ['', null]) {
    const agent = unique('agent')
    t.equal((await join(hub, agent, { display_name: value })).display_name, agent)
    const channel = await hub.post<Channel>('/v1/channels', { name: unique('channel'), created_by: value })
    t.equal(channel.result.created_by, null)
    const task_message_id = (await say(hub)).id
    const claim = { owner_agent_id: 'a', task_message_id, claim_key: value }
    t.equal((await hub.post<Claim>('/v1/claims', claim)).result.claim_key, `task-${task_message_id}`)
  }
})

t.test('§1 an empty query parameter reads as absent', async (t) => {
  const thread_id = unique('thread')
  const message = await say(hub, { thread_id })
  const rows = await hub.get<Message[]>('/v1/messages', { thread_id, channel: '' })
  t.strictSame(rows.result, [message])
})

// Every integer of a body.
const INTEGERS: [string, string, () => Record<string, unknown>][] = [
  ['/v1/messages', 'reply_to', () => ({ from_agent: 'a', body: 'x' })],
  ['/v1/messages', 'parent_task_id', () => ({ from_agent: 'a', body: 'x', kind: 'task' })],
  ['/v1/claims', 'task_message_id', () => ({ owner_agent_id: 'a', claim_key: key() })],
  ['/v1/claims', 'ttl_sec', () => ({ owner_agent_id: 'a', claim_key: key() })],
  ['/v1/claims/refresh', 'ttl_sec', () => ({ owner_agent_id: 'a', claim_key: key() })],
  ['/v1/locks', 'ttl_sec', () => ({ agent_id: 'a', file_path: key() })],
  ['/v1/locks/refresh', 'ttl_sec', () => ({ agent_id: 'a', file_path: key() })],
]

for (const [path, field, rest] of INTEGERS) {
  t.test(`§1 ${path}: "${field} must be an integer"`, async (t) => {
    for (const value of [60.5, '60.5', '6e1', '0x3c', '+60', 'many', true, [60], { sec: 60 }]) {
      const reply = await hub.post(path, { ...rest(), [field]: value })
      refused(t, hub, reply, 400, new RegExp(`\\b${field} must be an integer`))
    }
  })
}

for (const [path, field] of [
  ['/v1/messages?channel=general', 'since_id'],
  ['/v1/messages?channel=general', 'limit'],
  ['/v1/events?agent_id=a', 'since_id'],
  ['/v1/events?agent_id=a', 'limit'],
  ['/v1/inbox/a?', 'since_id'],
  ['/v1/inbox/a?', 'limit'],
  ['/v1/tasks?', 'parent_id'],
] as const) {
  t.test(`§1 ${path}: "${field} must be an integer"`, async (t) => {
    for (const value of ['1.5', '1e3', '0x10', 'many', 'true']) {
      refused(
        t,
        hub,
        await hub.get(`${path}&${field}=${value}`),
        400,
        new RegExp(`\\b${field} must be an integer`),
      )
    }
  })
}

t.test('§1 a string of decimal digits is an integer', async (t) => {
  const first = await say(hub)
  t.equal((await say(hub, { reply_to: String(first.id) })).reply_to, first.id)
  const { locked_at, expires_at } = (
    await hub.post<Lock>('/v1/locks', { agent_id: 'a', file_path: unique('path'), ttl_sec: '60' })
  ).result
  t.equal(Date.parse(expires_at) - Date.parse(locked_at), 60_000)
})

t.test('§1 an integer that is null reads as absent', async (t) => {
  t.equal((await say(hub, { reply_to: null, parent_task_id: null })).reply_to, null)
  const { claimed_at, expires_at, task_message_id } = (
    await hub.post<Claim>('/v1/claims', {
      owner_agent_id: 'a',
      claim_key: key(),
      ttl_sec: null,
      task_message_id: null,
    })
  ).result
  t.equal(task_message_id, null)
  t.equal(Date.parse(expires_at) - Date.parse(claimed_at), 300_000)
})

t.test('§1 a boolean of a body that is an object is false', async (t) => {
  for (const replace of [{}, { toString: 1 }, [], ['true']])
    t.equal(
      (await hub.post('/v1/sessions', { agent_id: key(), replace })).status,
      201,
      JSON.stringify(replace),
    )
})

t.test('§1 booleans in queries: true, 1 and yes in any case are true, all else is false', async (t) => {
  const lock = { agent_id: unique('agent'), file_path: unique('path') }
  await hub.post('/v1/locks', lock)
  await hub.post('/v1/locks/release', lock)
  const listed = async (active_only: string) =>
    (await hub.get<Lock[]>('/v1/locks', { agent_id: lock.agent_id, active_only })).result.length
  for (const yes of ['true', 'TRUE', 'True', '1', 'yes', 'YES', 'yEs']) t.equal(await listed(yes), 0, yes)
  for (const no of ['false', '0', 'no', 'on', 'y', 't', '11', 'truely', '']) t.equal(await listed(no), 1, no)
})

const WITH_METADATA: [string, () => Record<string, unknown>][] = [
  ['/v1/sessions', () => ({ agent_id: unique('agent') })],
  ['/v1/channels', () => ({ name: unique('channel') })],
  ['/v1/messages', () => ({ from_agent: 'a', body: 'x' })],
  ['/v1/claims', () => ({ owner_agent_id: 'a', claim_key: key() })],
  ['/v1/locks', () => ({ agent_id: 'a', file_path: unique('path') })],
]

for (const [path, rest] of WITH_METADATA) {
  t.test(`§1 ${path}: metadata must be an object, and comes back as it was given`, async (t) => {
    for (const value of [[], [1], 'text', 5, true]) {
      refused(t, hub, await hub.post(path, { ...rest(), metadata: value }), 400, /metadata/)
    }
    const metadata = { größe: 1.5, list: [null, { deep: '🙂' }], '': false, __proto__x: 'own' }
    const stored = async (value: unknown) =>
      (await hub.post<{ metadata: unknown }>(path, { ...rest(), metadata: value })).result.metadata
    t.strictSame(await stored(metadata), metadata)
    t.strictSame(await stored(null), {}, 'null reads as absent')
    t.strictSame(await stored(undefined), {})
  })
}

for (const hard of ['a/b', 'a b', 'ünï🙂', '100%', 'a+b', 'a?b#c', 'a%2Fb', '..']) {
  t.test(`§1 a path parameter is percent-decoded, once: ${hard}`, async (t) => {
    const agent = `${unique('agent')} ${hard}`
    const encoded = encodeURIComponent(agent)
    const direct = await say(hub, { to_agent: agent, thread_id: agent })
    t.strictSame((await hub.get<Message[]>(`/v1/inbox/${encoded}`)).result, [direct])
    t.equal(
      (await hub.get<{ thread: { thread_id: string } }>(`/v1/threads/${encoded}`)).result.thread.thread_id,
      agent,
    )
    await join(hub, agent)
    const renamed = await hub.post<Session>(`/v1/sessions/${encoded}/rename`, { display_name: 'new' })
    t.equal(renamed.result.agent_id, agent)
  })
}

t.test("§1 a broken percent escape in a path is the request's fault, not a defect", async (t) => {
  for (const path of ['/v1/inbox/%zz', '/v1/threads/%', '/v1/inbox/%ff']) {
    const reply = await hub.get(path)
    t.ok(reply.status < 500, `${path}: ${reply.status}`)
    t.type(reply.json.ok, 'boolean')
  }
})

t.test('§1 a task id in a path that is not a whole number is a 404', async (t) => {
  for (const id of ['abc', '1.5', '1e0', '-1', '0x1', '%20', '9'.repeat(30)]) {
    refused(t, hub, await hub.post(`/v1/tasks/${id}/complete`, {}), 404)
  }
})

t.test('§1 timestamps are UTC with a Z, in whole seconds for all but messages', async (t) => {
  const seconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
  const session = await join(hub, unique('agent'))
  const name = await newChannel(hub)
  const channel = (await hub.get<Channel[]>('/v1/channels')).result.find((row) => row.name === name)
  const claim = (await hub.post<Claim>('/v1/claims', { owner_agent_id: 'a', claim_key: key() })).result
  const lock = (await hub.post<Lock>('/v1/locks', { agent_id: 'a', file_path: unique('path') })).result
  const message = await say(hub, { kind: 'task' })
  const task = (await hub.post<Task>(`/v1/tasks/${message.id}/complete`)).result
  const stamps = {
    'session.created_at': session.created_at,
    'session.last_seen': session.last_seen,
    'channel.created_at': channel?.created_at,
    'claim.claimed_at': claim.claimed_at,
    'claim.expires_at': claim.expires_at,
    'lock.locked_at': lock.locked_at,
    'lock.expires_at': lock.expires_at,
    'task.created_at': task.created_at,
    'task.completed_at': task.completed_at,
  }
  for (const [field, value] of Object.entries(stamps)) t.match(value, seconds, field)
  t.match(message.ts, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
})
