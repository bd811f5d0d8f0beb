// PROTOCOL §3, expiry: a session without a sign of life ends after the presence TTL, and what its agent held
// is released with a notice. The tests run at once on one hub with the shortest TTL, so that they wait
// for real time only once.

import t, { type Test } from 'tap'
import type { Bootstrap, Claim, Lock, Message, Session, ThreadDetail } from '../../src/protocol/objects.js'
import {
  broadcastsIn,
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
import type { Wire } from './wire.js'

const TTL_SEC = 5
const skip = needsOwnHub
const options = { presenceTtlSec: TTL_SEC }
t.jobs = 32
// With an external hub every test below is skipped, and nothing is asked of this one.
const hub = skip ? await openTarget(t) : await ownHub(t, options)

const gone = (agent: string) => until(`${agent} to expire`, async () => !(await sessionOf(hub, agent)))

/** The notice that recovery posts in `channel` about a claim key or file path. */
function noticeAbout(wire: Wire, channel: string, name: string): Promise<Message> {
  return until(`a notice about ${name} in ${channel}`, async () => {
    const rows = (await wire.get<Message[]>('/v1/messages', { channel, tail: true, limit: 500 })).result
    return rows.find((row) => row.metadata.claim_key === name || row.metadata.file_path === name)
  })
}

/** A channel, and a thread whose root task is in it. */
async function threadElsewhere(): Promise<{ channel: string; thread_id: string; task: Message }> {
  const channel = await newChannel(hub)
  const thread_id = unique('thread')
  return { channel, thread_id, task: await say(hub, { kind: 'task', channel, thread_id }) }
}

t.test(
  '§3 a session ends when its last sign of life is older than the TTL, and not before',
  { skip },
  async (t) => {
    const { agent_id, last_seen } = await join(hub, unique('agent'))
    await gone(agent_id)
    t.ok(Date.now() - Date.parse(last_seen) >= TTL_SEC * 1_000)
  },
)

t.test('§3 an expired session is inactive everywhere', { skip }, async (t) => {
  const { agent_id, session_id } = await join(hub, unique('agent'))
  await gone(agent_id)
  const state = (await hub.get<Bootstrap>('/v1/bootstrap', { agent_id })).result
  t.equal(state.session, null)
  t.notOk(state.live_agents.some((session) => session.agent_id === agent_id))
  refused(t, hub, await hub.post(`/v1/sessions/${agent_id}/rename`, { display_name: 'x' }), 404)
  refused(t, hub, await hub.call('DELETE', `/v1/sessions/${session_id}`), 404)
})

t.test('§3 an expired session is no collision', { skip }, async (t) => {
  const first = await join(hub, unique('agent'))
  await secondsAfter(first.last_seen, TTL_SEC + 1)
  t.not((await join(hub, first.agent_id)).session_id, first.session_id)
})

t.test('§3 signs of life keep a session beyond its TTL', { skip }, async (t) => {
  const { agent_id, created_at } = await join(hub, unique('agent'))
  await until('more than a TTL', async () => {
    await say(hub, { from_agent: agent_id, thread_id: agent_id })
    return Date.now() > Date.parse(created_at) + TTL_SEC * 1_000 + 2_000
  })
  t.ok(await sessionOf(hub, agent_id))
})

t.test('§3 a session never expires while its agent is in a long-poll', { skip }, async (t) => {
  const waiting = await join(hub, unique('waiting'))
  const idle = await join(hub, unique('idle'))
  const thread_id = unique('thread')
  const poll = hub.get<Message[]>('/v1/events', { agent_id: waiting.agent_id, thread_id, timeout: 30 })
  await gone(idle.agent_id)
  await secondsAfter(waiting.created_at, TTL_SEC + 2)
  t.equal((await sessionOf(hub, waiting.agent_id))?.session_id, waiting.session_id)
  await say(hub, { thread_id })
  t.equal((await poll).result.length, 1, 'the poll was still open')
})

t.test('§3 expiry happens without anybody asking for it', { skip }, async (t) => {
  const quiet = await ownHub(t, options)
  const { agent_id } = await join(quiet, unique('agent'))
  const thread_id = unique('thread')
  await quiet.post('/v1/claims', { owner_agent_id: agent_id, claim_key: unique('key'), thread_id })
  // Nothing but this one request reaches the hub until the notice wakes it.
  const rows = await quiet.get<Message[]>('/v1/messages', { thread_id, timeout: 20 })
  t.match(rows.result, [{ from_agent: 'system', metadata: { stale_agent_id: agent_id } }])
})

t.test(
  "§3 a claim is released, with a notice in its thread and that thread's channel",
  { skip },
  async (t) => {
    const { agent_id } = await join(hub, unique('agent'))
    const { channel, thread_id, task } = await threadElsewhere()
    const claim_key = unique('key')
    await hub.post('/v1/claims', { owner_agent_id: agent_id, claim_key, thread_id, task_message_id: task.id })
    const notice = await noticeAbout(hub, channel, claim_key)
    t.match(notice, {
      from_agent: 'system',
      to_agent: null,
      kind: 'notice',
      channel,
      thread_id,
      reply_to: task.id,
    })
    t.strictSame(notice.metadata, {
      recovery: true,
      stale_agent_id: agent_id,
      claim_key,
      task_message_id: task.id,
    })
    const [claim] = (await hub.get<Claim[]>('/v1/claims', { thread_id })).result
    t.type(claim?.released_at, 'string', 'the row is released')
    const next = await hub.post<Claim>('/v1/claims', { owner_agent_id: 'next', claim_key })
    t.equal(next.json.acquired, true, 'another agent may take it')
  },
)

t.test(
  "§3 the thread's channel is that of its root task, wherever its first message was",
  { skip },
  async (t) => {
    const { agent_id } = await join(hub, unique('agent'))
    const [first, channel, thread_id] = [await newChannel(hub), await newChannel(hub), unique('thread')]
    await say(hub, { channel: first, thread_id })
    await say(hub, { channel, thread_id, kind: 'task' })
    const [claim_key, file_path] = [unique('key'), unique('path')]
    await hub.post('/v1/claims', { owner_agent_id: agent_id, claim_key, thread_id })
    await hub.post('/v1/locks', { agent_id, file_path, metadata: { thread_id } })
    await gone(agent_id)
    const notices = (await broadcastsIn(hub, thread_id)).filter((message) => message.kind === 'notice')
    t.strictSame(
      notices.map((notice) => notice.channel),
      [channel, channel],
    )
  },
)

t.test('§3 the notice about a claim without thread and task goes to general', { skip }, async (t) => {
  const { agent_id } = await join(hub, unique('agent'))
  const claim_key = unique('key')
  await hub.post('/v1/claims', { owner_agent_id: agent_id, claim_key })
  const notice = await noticeAbout(hub, 'general', claim_key)
  t.match(notice, { from_agent: 'system', kind: 'notice', thread_id: null, reply_to: null })
  const nothing = { recovery: true, stale_agent_id: agent_id, claim_key, task_message_id: null }
  t.strictSame(notice.metadata, nothing)
})

t.test(
  '§3 the notice about a claim whose thread has no channel goes to general, in the thread',
  { skip },
  async (t) => {
    const { agent_id } = await join(hub, unique('agent'))
    const thread_id = unique('thread')
    const claim_key = unique('key')
    await hub.post('/v1/claims', { owner_agent_id: agent_id, claim_key, thread_id })
    t.equal((await noticeAbout(hub, 'general', claim_key)).thread_id, thread_id)
  },
)

/** Lets an agent that holds one lock expire; the notice must be in `channel`. */
async function lockNotice(t: Test, metadata: Record<string, unknown>, channel: string): Promise<Message> {
  const { agent_id } = await join(hub, unique('agent'))
  const file_path = unique('path')
  await hub.post('/v1/locks', { agent_id, file_path, metadata })
  const notice = await noticeAbout(hub, channel, file_path)
  t.match(notice, { from_agent: 'system', to_agent: null, kind: 'notice', channel, reply_to: null })
  t.strictSame(notice.metadata, { recovery: true, stale_agent_id: agent_id, file_path })
  const [lock] = (await hub.get<Lock[]>('/v1/locks', { agent_id })).result
  t.type(lock?.released_at, 'string', 'the row is released')
  return notice
}

t.test('§3 a lock is released, with a notice in general', { skip }, async (t) => {
  t.equal((await lockNotice(t, {}, 'general')).thread_id, null)
})

t.test("§3 the notice about a lock of a thread goes to that thread's channel", { skip }, async (t) => {
  const { channel, thread_id } = await threadElsewhere()
  t.equal((await lockNotice(t, { thread_id }, channel)).thread_id, thread_id)
})

t.test('§3 the notice about a lock without thread goes to the channel it names', { skip }, async (t) => {
  const channel = await newChannel(hub)
  t.equal((await lockNotice(t, { channel }, channel)).thread_id, null)
})

t.test("§3 a lock's thread outranks the channel that it names", { skip }, async (t) => {
  const { channel, thread_id } = await threadElsewhere()
  await lockNotice(t, { thread_id, channel: await newChannel(hub) }, channel)
})

t.test(
  '§3 each active claim and lock gets one notice, and what was released before gets none',
  { skip },
  async (t) => {
    const { agent_id } = await join(hub, unique('agent'))
    const thread_id = unique('thread')
    const keys = ['a', 'b', 'c'].map(unique)
    for (const name of keys) {
      await hub.post('/v1/claims', { owner_agent_id: agent_id, claim_key: name, thread_id })
      await hub.post('/v1/locks', { agent_id, file_path: name, metadata: { thread_id } })
    }
    const [released = '', ...active] = keys
    await hub.post('/v1/claims/release', { agent_id, claim_key: released })
    await hub.post('/v1/locks/release', { agent_id, file_path: released })
    await gone(agent_id)
    const notices = await until('all notices', async () => {
      const rows = await broadcastsIn(hub, thread_id)
      return rows.length >= 2 * active.length && rows
    })
    t.strictSame(
      notices
        .map((row) => row.metadata.claim_key)
        .filter(Boolean)
        .sort(),
      [...active].sort(),
    )
    t.strictSame(
      notices
        .map((row) => row.metadata.file_path)
        .filter(Boolean)
        .sort(),
      [...active].sort(),
    )
    const { thread } = (await hub.get<ThreadDetail>(`/v1/threads/${thread_id}`)).result
    t.match(thread, { active_claim_count: 0, active_lock_count: 0 })
  },
)

t.test('§3 what an agent without a session holds is left alone', { skip }, async (t) => {
  const stranger = {
    owner_agent_id: unique('stranger'),
    claim_key: unique('key'),
    thread_id: unique('thread'),
  }
  await hub.post('/v1/claims', stranger)
  const member = await join(hub, unique('member'))
  await gone(member.agent_id)
  const query = { thread_id: stranger.thread_id, active_only: true }
  t.equal((await hub.get<Claim[]>('/v1/claims', query)).result.length, 1)
})

t.test('§3 a listing by one agent does not keep the others alive', { skip }, async (t) => {
  const asker = await join(hub, unique('asker'))
  const idle = await join(hub, unique('idle'))
  const listing = async () => (await hub.get<Session[]>('/v1/agents', { as: asker.agent_id })).result
  await until('the idle agent to expire', async () => {
    return !(await listing()).some((session) => session.agent_id === idle.agent_id)
  })
  t.ok((await listing()).some((session) => session.agent_id === asker.agent_id))
})
