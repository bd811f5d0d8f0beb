// PROTOCOL §3, sessions: opening, replacing, renaming, closing, the listing of agents, bootstrap, and what
// touches a session. Expiry, which takes time, is in expiry.test.ts.

import t from 'tap'
import type { Bootstrap, Message, Session } from '../../src/protocol/objects.js'
import {
  inParallel,
  join,
  newChannel,
  refused,
  say,
  secondsAfter,
  sessionOf,
  unique,
  until,
} from './steps.js'
import { needsOwnHub, openTarget, ownHub } from './target.js'

t.jobs = 8
const hub = await openTarget(t)

const bootstrap = async (agent_id: string) => (await hub.get<Bootstrap>('/v1/bootstrap', { agent_id })).result

t.test('§3 opening a session fills in the defaults', async (t) => {
  const agent = unique('agent')
  const session = await join(hub, agent)
  t.match(session, { agent_id: agent, display_name: agent, active: true })
  t.strictSame(session.capabilities, [])
  t.strictSame(session.metadata, {})
})

t.test('§3 capabilities must be a list of strings', async (t) => {
  const agent_id = unique('agent')
  for (const capabilities of ['review', 5, { review: true }, [['a']], [{}]]) {
    refused(t, hub, await hub.post('/v1/sessions', { agent_id, capabilities }), 400, /capabilities/)
  }
  t.equal(await sessionOf(hub, agent_id), undefined, 'no session was made')
})

t.test('§3 a second session without replace is a 409 and leaves the first alone', async (t) => {
  const first = await join(hub, unique('agent'), { metadata: { first: true } })
  for (const replace of [undefined, false, null]) {
    refused(t, hub, await hub.post('/v1/sessions', { agent_id: first.agent_id, replace }), 409)
  }
  t.match(await sessionOf(hub, first.agent_id), { session_id: first.session_id, metadata: { first: true } })
})

t.test('§3 replace makes a new session and deactivates the old one', async (t) => {
  const first = await join(hub, unique('agent'), { display_name: 'first' })
  const second = await join(hub, first.agent_id, { replace: true })
  t.not(second.session_id, first.session_id)
  t.equal(second.display_name, first.agent_id, 'nothing is inherited')
  refused(t, hub, await hub.call('DELETE', `/v1/sessions/${first.session_id}`), 404)
  t.equal((await bootstrap(first.agent_id)).session?.session_id, second.session_id)
})

t.test('§3 replace needs no session to replace', async (t) => {
  t.equal((await join(hub, unique('agent'), { replace: true })).active, true)
})

t.test('§3 an agent has at most one active session, however many open one at once', async (t) => {
  const agent_id = unique('agent')
  const replies = await inParallel(20, () => hub.post<Session>('/v1/sessions', { agent_id }))
  t.strictSame(replies.map((reply) => reply.status).sort(), [201, ...Array(19).fill(409)])
  const again = await inParallel(20, () => hub.post<Session>('/v1/sessions', { agent_id, replace: true }))
  t.ok(again.every((reply) => reply.status === 201))
  const active = (await hub.get<Session[]>('/v1/agents')).result.filter((row) => row.agent_id === agent_id)
  t.equal(active.length, 1)
  t.ok(again.some((reply) => reply.result.session_id === active[0]?.session_id))
})

t.test('§3 rename gives the active session a new display name', async (t) => {
  const session = await join(hub, unique('agent'), { capabilities: ['a'], metadata: { b: 1 } })
  const reply = await hub.post<Session>(`/v1/sessions/${session.agent_id}/rename`, { display_name: 'Grace' })
  t.equal(reply.status, 200)
  t.strictSame({ ...reply.result, last_seen: '' }, { ...session, display_name: 'Grace', last_seen: '' })
  t.equal((await sessionOf(hub, session.agent_id))?.display_name, 'Grace')
})

for (const [name, char] of [
  ['letters', 'x'],
  ['characters outside the basic plane', '🙂'],
] as const) {
  t.test(`§3 a display name may have 64 characters, 65 are a 400: ${name}`, async (t) => {
    const { agent_id } = await join(hub, unique('agent'))
    const rename = (display_name: string) =>
      hub.post<Session>(`/v1/sessions/${agent_id}/rename`, { display_name })
    t.equal((await rename(char.repeat(64))).result.display_name, char.repeat(64))
    refused(t, hub, await rename(char.repeat(65)), 400, /display_name/)
    t.equal((await sessionOf(hub, agent_id))?.display_name, char.repeat(64))
  })
}

t.test('§3 renaming an agent without an active session is a 404', async (t) => {
  const agent = unique('agent')
  refused(t, hub, await hub.post(`/v1/sessions/${agent}/rename`, { display_name: 'x' }), 404)
  const { session_id } = await join(hub, agent)
  await hub.call('DELETE', `/v1/sessions/${session_id}`)
  refused(t, hub, await hub.post(`/v1/sessions/${agent}/rename`, { display_name: 'x' }), 404)
})

t.test('§3 closing a session takes the agent off the list', async (t) => {
  const { session_id, agent_id } = await join(hub, unique('agent'))
  const reply = await hub.call('DELETE', `/v1/sessions/${session_id}`)
  t.equal(reply.status, 200)
  t.strictSame(reply.result, { session_id, deleted: true })
  t.equal(await sessionOf(hub, agent_id), undefined)
  t.equal((await bootstrap(agent_id)).session, null)
})

t.test('§3 closing an unknown session, or one that is closed, is a 404', async (t) => {
  refused(t, hub, await hub.call('DELETE', '/v1/sessions/00000000-0000-4000-8000-000000000000'), 404)
  refused(t, hub, await hub.call('DELETE', `/v1/sessions/${unique('no-uuid')}`), 404)
  const { session_id, agent_id } = await join(hub, unique('agent'))
  await hub.call('DELETE', `/v1/sessions/${session_id}`)
  refused(t, hub, await hub.call('DELETE', `/v1/sessions/${session_id}`), 404)
  t.not((await join(hub, agent_id)).session_id, session_id, 'the agent may come back without replace')
})

t.test('§3 the listing has active sessions only, by agent_id', async (t) => {
  const prefix = unique('agent')
  // The first comes in an earlier second than the others, so that an order by time fails.
  const { created_at } = await join(hub, `${prefix}-c`)
  await secondsAfter(created_at)
  for (const name of ['a', 'b', 'B']) await join(hub, `${prefix}-${name}`)
  const sessions = (await hub.get<Session[]>('/v1/agents')).result
  t.ok(sessions.every((session) => session.active))
  const mine = sessions.map((session) => session.agent_id).filter((name) => name.startsWith(prefix))
  t.strictSame(
    mine,
    ['B', 'a', 'b', 'c'].map((name) => `${prefix}-${name}`),
  )
})

t.test('§3 capability keeps the agents that have it, whole and among others', async (t) => {
  const capability = unique('can')
  const has = await join(hub, unique('agent'), { capabilities: ['x', capability, 'y'] })
  await join(hub, unique('agent'), { capabilities: [`${capability}-more`, 'x'] })
  await join(hub, unique('agent'), { metadata: { capability } })
  const ask = async (name: string) =>
    (await hub.get<Session[]>('/v1/agents', { capability: name })).result.map((session) => session.agent_id)
  t.strictSame(await ask(capability), [has.agent_id])
  t.strictSame(await ask(capability.slice(0, -1)), [], 'a part of the word does not count')
  t.strictSame(await ask(unique('nobody')), [])
})

t.test('§3 as, for an agent that has no session, makes none', async (t) => {
  const agent = unique('agent')
  const reply = await hub.get<Session[]>('/v1/agents', { as: agent })
  t.equal(reply.status, 200)
  t.notOk(reply.result.some((session) => session.agent_id === agent))
})

t.test('§3 bootstrap gives the agent its session, who is live, and the default channel', async (t) => {
  const session = await join(hub, unique('agent'))
  const other = await join(hub, unique('agent'))
  const state = await bootstrap(session.agent_id)
  const fields = ['agent_id', 'default_channel', 'latest_visible_id', 'live_agents', 'session']
  t.strictSame(Object.keys(state).sort(), fields)
  t.equal(state.agent_id, session.agent_id)
  t.equal(state.session?.session_id, session.session_id)
  t.equal(state.default_channel, 'general')
  const live = state.live_agents.map((row) => row.agent_id)
  t.ok(live.includes(session.agent_id) && live.includes(other.agent_id))
})

t.test('§3 bootstrap of an agent without a session has session null', async (t) => {
  t.equal((await bootstrap(unique('agent'))).session, null)
})

t.test('§3 latest_visible_id', { skip: needsOwnHub }, async (t) => {
  const fresh = await ownHub(t)
  const latest = async () =>
    (await fresh.get<Bootstrap>('/v1/bootstrap', { agent_id: 'me' })).result.latest_visible_id

  t.test('§3 it is 0 on a hub without messages', async (t) => {
    t.equal(await latest(), 0)
  })

  t.test('§3 it counts what the agent may see', async (t) => {
    await say(fresh, { to_agent: 'other' })
    t.equal(await latest(), 0, 'a direct message to another does not count')
    const broadcast = await say(fresh, { channel: await newChannel(fresh) })
    t.equal(await latest(), broadcast.id, 'a broadcast in any channel counts')
    const direct = await say(fresh, { to_agent: 'me' })
    t.equal(await latest(), direct.id, 'a direct message to it counts')
    await say(fresh, { from_agent: 'me', to_agent: 'other' })
    t.equal(await latest(), direct.id, 'a direct message from it does not')
  })
})

/** Every request that counts as a sign of life of `agent`, which holds the claim and the lock of its own name. */
const TOUCHES: [string, (agent: string) => Promise<unknown>][] = [
  ['posting a broadcast', (agent) => say(hub, { from_agent: agent })],
  ['posting a direct message', (agent) => say(hub, { from_agent: agent, to_agent: 'other' })],
  [
    'acquiring a claim',
    (agent) => hub.post('/v1/claims', { owner_agent_id: agent, claim_key: unique('key') }),
  ],
  [
    'refreshing a claim',
    (agent) => hub.post('/v1/claims/refresh', { owner_agent_id: agent, claim_key: agent }),
  ],
  ['releasing a claim', (agent) => hub.post('/v1/claims/release', { agent_id: agent, claim_key: agent })],
  ['acquiring a lock', (agent) => hub.post('/v1/locks', { agent_id: agent, file_path: unique('path') })],
  ['refreshing a lock', (agent) => hub.post('/v1/locks/refresh', { agent_id: agent, file_path: agent })],
  ['releasing a lock', (agent) => hub.post('/v1/locks/release', { agent_id: agent, file_path: agent })],
  ['rename', (agent) => hub.post(`/v1/sessions/${agent}/rename`, { display_name: 'new' })],
  ['GET /v1/events', (agent) => hub.get('/v1/events', { agent_id: agent, limit: 1 })],
  ['GET /v1/agents?as=', (agent) => hub.get('/v1/agents', { as: agent })],
]

for (const [name, touch] of TOUCHES) {
  t.test(`§3 ${name} touches the session`, async (t) => {
    const agent = unique('agent')
    await hub.post('/v1/claims', { owner_agent_id: agent, claim_key: agent })
    await hub.post('/v1/locks', { agent_id: agent, file_path: agent })
    const { last_seen } = await join(hub, agent)
    await secondsAfter(last_seen)
    await touch(agent)
    t.ok(
      await until(
        'a later last_seen',
        async () => ((await sessionOf(hub, agent))?.last_seen ?? '') > last_seen,
      ),
    )
  })
}

t.test('§3 GET /v1/agents?as= touches before it lists', async (t) => {
  const { agent_id, last_seen } = await join(hub, unique('agent'))
  await secondsAfter(last_seen)
  const sessions = (await hub.get<Session[]>('/v1/agents', { as: agent_id })).result
  t.ok((sessions.find((session) => session.agent_id === agent_id)?.last_seen ?? '') > last_seen)
})

t.test('§3 the end of a long-poll touches the session', async (t) => {
  const { agent_id, last_seen } = await join(hub, unique('agent'))
  // It parks for more than two seconds, so that a touch at its start alone cannot have moved last_seen so far.
  const query = { agent_id, thread_id: unique('thread'), timeout: 3.2 }
  t.strictSame((await hub.get<Message[]>('/v1/events', query)).result, [])
  const seen = await until('a later last_seen', async () => {
    const session = await sessionOf(hub, agent_id)
    return session !== undefined && Date.parse(session.last_seen) >= Date.parse(last_seen) + 2_000 && session
  })
  t.ok(seen)
})

t.test('§3 reading messages, an inbox, bootstrap or the listing touches no session', async (t) => {
  const quiet = await join(hub, unique('quiet'))
  const lively = await join(hub, unique('lively'))
  // The lively agent shows when touches that were made in the same seconds have arrived.
  await until('two later seconds of last_seen', async () => {
    await hub.get('/v1/messages', { channel: 'general', limit: 1 })
    await hub.get(`/v1/inbox/${quiet.agent_id}`)
    await hub.get('/v1/bootstrap', { agent_id: quiet.agent_id })
    await hub.get('/v1/agents', { as: lively.agent_id })
    const seen = (await sessionOf(hub, lively.agent_id))?.last_seen ?? lively.last_seen
    return Date.parse(seen) >= Date.parse(lively.last_seen) + 2_000
  })
  t.equal((await sessionOf(hub, quiet.agent_id))?.last_seen, quiet.last_seen)
})
