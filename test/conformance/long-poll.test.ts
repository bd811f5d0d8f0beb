// PROTOCOL §4 and §1's `timeout`: a long-poll answers at once when rows exist, else with the first commit
// that matches, else with [] at its deadline. Events and messages wait alike, so one table drives both.

import { request } from 'node:http'
import t from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import { idsOf, inParallel, newChannel, parked, refused, say, unique } from './steps.js'
import { openTarget } from './target.js'
import type { Query, Reply } from './wire.js'

t.jobs = 16
const hub = await openTarget(t)

/** Far more than any of these answers needs, far less than the long timeouts that the polls ask for. */
const SOON_MS = 10_000
const LONG_SEC = 30

interface Timed<T> {
  readonly reply: Reply<T>
  readonly tookMs: number
}

async function timed(path: string, query: Query): Promise<Timed<Message[]>> {
  const start = performance.now()
  const reply = await hub.get<Message[]>(path, query)
  return { reply, tookMs: performance.now() - start }
}

const POLLS = [
  { name: 'events', path: '/v1/events', agent: () => ({ agent_id: unique('agent') }) },
  { name: 'messages', path: '/v1/messages', agent: () => ({}) },
]

for (const { name, path, agent } of POLLS) {
  const poll = (query: Query) => timed(path, { ...agent(), ...query })

  t.test(`§4 ${name}: a long-poll answers at once when rows exist`, async (t) => {
    const thread_id = unique('thread')
    const message = await say(hub, { thread_id })
    const { reply, tookMs } = await poll({ thread_id, timeout: LONG_SEC })
    t.strictSame(reply.result, [message])
    t.ok(tookMs < SOON_MS, `${tookMs} ms`)
  })

  t.test(`§4 ${name}: a waiting long-poll wakes with the message that matches`, async (t) => {
    const thread_id = unique('thread')
    const waiting = poll({ thread_id, timeout: LONG_SEC })
    await parked(hub)
    const message = await say(hub, { thread_id, body: '🙂', metadata: { a: 1 } })
    const { reply, tookMs } = await waiting
    t.equal(reply.status, 200)
    t.strictSame(reply.result, [message], 'just as its POST was answered')
    t.ok(tookMs < SOON_MS, `${tookMs} ms`)
  })

  t.test(`§4 ${name}: a long-poll on a channel wakes for it`, async (t) => {
    const channel = await newChannel(hub)
    const waiting = poll({ channel, timeout: LONG_SEC })
    await parked(hub)
    const message = await say(hub, { channel })
    t.strictSame((await waiting).reply.result, [message])
  })

  t.test(`§4 ${name}: what does not match does not wake a long-poll`, async (t) => {
    const channel = await newChannel(hub)
    const thread_id = unique('thread')
    const waiting = poll({ channel, thread_id, timeout: LONG_SEC })
    await parked(hub)
    await say(hub, { channel })
    await say(hub, { thread_id })
    await say(hub, { channel, thread_id: unique('thread') })
    await say(hub, { channel, thread_id, to_agent: unique('other') })
    await hub.post('/v1/claims', { owner_agent_id: 'a', claim_key: unique('key'), thread_id })
    const message = await say(hub, { channel, thread_id })
    const { reply } = await waiting
    t.strictSame(reply.result, [message])
  })

  t.test(`§4 ${name}: an unanswered long-poll gets [] at its deadline`, async (t) => {
    const { reply, tookMs } = await poll({ thread_id: unique('thread'), timeout: 0.7 })
    t.equal(reply.status, 200)
    t.strictSame(reply.result, [])
    t.ok(tookMs >= 690 && tookMs < SOON_MS, `${tookMs} ms`)
  })

  t.test(`§4 ${name}: a message that does not match does not end the wait early`, async (t) => {
    const thread_id = unique('thread')
    const waiting = poll({ thread_id, timeout: 1 })
    await parked(hub)
    await say(hub, { thread_id: unique('thread') })
    const { reply, tookMs } = await waiting
    t.strictSame(reply.result, [])
    t.ok(tookMs >= 990, `${tookMs} ms`)
  })

  t.test(`§4 ${name}: a cursor that is ahead of all ids waits to the deadline`, async (t) => {
    const thread_id = unique('thread')
    const waiting = poll({ thread_id, since_id: Number.MAX_SAFE_INTEGER, timeout: 1 })
    await parked(hub)
    await say(hub, { thread_id })
    t.strictSame((await waiting).reply.result, [])
  })

  t.test(`§4 ${name}: a cursor at the last message waits for the next`, async (t) => {
    const thread_id = unique('thread')
    const seen = await say(hub, { thread_id })
    const waiting = poll({ thread_id, since_id: seen.id, timeout: LONG_SEC })
    await parked(hub)
    const next = await say(hub, { thread_id })
    t.strictSame((await waiting).reply.result, [next])
  })

  t.test(`§1 ${name}: timeout defaults to 0, and a negative one is clamped to it`, async (t) => {
    for (const query of [{}, { timeout: 0 }, { timeout: -1 }, { timeout: '-0.5' }, { timeout: -1_000_000 }]) {
      const { reply, tookMs } = await poll({ thread_id: unique('thread'), ...query })
      t.strictSame(reply.result, [], JSON.stringify(query))
      t.ok(tookMs < SOON_MS, `${tookMs} ms`)
    }
  })

  t.test(`§1 ${name}: a timeout above 60 s is accepted and still waits`, async (t) => {
    // Past 2^31 ms a timer that is not clamped fires at once.
    for (const timeout of [61, 3_000_000, 1e15]) {
      const thread_id = unique('thread')
      const waiting = poll({ thread_id, timeout })
      await parked(hub)
      const message = await say(hub, { thread_id })
      t.strictSame((await waiting).reply.result, [message], `timeout ${timeout}`)
    }
  })

  t.test(`§1 ${name}: a timeout that is no number is a 400`, async (t) => {
    for (const timeout of ['soon', '1s', '1,5', 'true', '[]']) {
      refused(t, hub, (await poll({ thread_id: unique('thread'), timeout })).reply, 400, /timeout/)
    }
  })

  t.test(`§4 ${name}: a refusal does not wait for the timeout`, async (t) => {
    const { reply, tookMs } = await poll({ channel: unique('nowhere'), timeout: LONG_SEC })
    refused(t, hub, reply, 404)
    t.ok(tookMs < SOON_MS, `${tookMs} ms`)
  })

  t.test(`§4 ${name}: one message wakes everybody who waits for it`, async (t) => {
    const thread_id = unique('thread')
    const waiting = Array.from({ length: 40 }, () => poll({ thread_id, timeout: LONG_SEC }))
    await parked(hub)
    const message = await say(hub, { thread_id })
    for (const { reply } of await Promise.all(waiting)) t.strictSame(idsOf(reply.result), [message.id])
  })

  t.test(`§4 ${name}: no message is lost between the look and the wait`, async (t) => {
    // The poll and its message start together, over and over: whichever comes first, the poll must have it.
    const found = await inParallel(150, async () => {
      const thread_id = unique('thread')
      const [polled, message] = await Promise.all([
        poll({ thread_id, timeout: LONG_SEC }),
        say(hub, { thread_id }),
      ])
      return polled.tookMs < SOON_MS && polled.reply.result[0]?.id === message.id
    })
    t.equal(found.filter(Boolean).length, 150)
  })

  t.test(`§4 ${name}: reading on with since_id sees every message once, in order`, async (t) => {
    const thread_id = unique('thread')
    const who = agent()
    const reader = (async () => {
      const seen: number[] = []
      while (seen.length < 60) {
        const query = { ...who, thread_id, since_id: seen.at(-1) ?? 0, timeout: 5 }
        const rows = idsOf((await hub.get<Message[]>(path, query)).result)
        if (rows.length === 0) break
        seen.push(...rows)
      }
      return seen
    })()
    const posted = await inParallel(60, () => say(hub, { thread_id }))
    t.strictSame(
      await reader,
      idsOf(posted).sort((a, b) => a - b),
    )
  })

  t.test(`§4 ${name}: a client that hangs up does no harm to the others`, async (t) => {
    const thread_id = unique('thread')
    const query = new URLSearchParams({ ...agent(), thread_id, timeout: String(LONG_SEC) })
    const aborted = request(`${hub.url}${path}?${query}`)
    aborted.on('error', () => {})
    aborted.end()
    await parked(hub)
    const waiting = poll({ thread_id, timeout: LONG_SEC })
    await parked(hub)
    aborted.destroy()
    await parked(hub)
    const message = await say(hub, { thread_id })
    t.strictSame((await waiting).reply.result, [message])
  })
}

t.test('§4 events: a direct message wakes its addressee and nobody else', async (t) => {
  const [me, other] = [unique('me'), unique('other')]
  const thread_id = unique('thread')
  const mine = timed('/v1/events', { agent_id: me, thread_id, timeout: LONG_SEC })
  const theirs = timed('/v1/events', { agent_id: other, thread_id, timeout: LONG_SEC })
  await parked(hub)
  const direct = await say(hub, { to_agent: me, thread_id })
  t.strictSame((await mine).reply.result, [direct])
  const broadcast = await say(hub, { thread_id })
  t.strictSame((await theirs).reply.result, [broadcast])
})

t.test("§4 events: with exclude_self the agent's own messages do not wake it", async (t) => {
  const me = unique('me')
  const thread_id = unique('thread')
  const waiting = timed('/v1/events', { agent_id: me, thread_id, exclude_self: true, timeout: LONG_SEC })
  const watching = timed('/v1/events', { agent_id: me, thread_id, timeout: LONG_SEC })
  await parked(hub)
  const own = await say(hub, { from_agent: me, thread_id })
  t.strictSame((await watching).reply.result, [own], 'without it they do')
  const theirs = await say(hub, { thread_id })
  t.strictSame((await waiting).reply.result, [theirs])
})

t.test('§4 events: a long-poll without any filter wakes for any broadcast', async (t) => {
  const start = await say(hub)
  const channel = await newChannel(hub)
  const query = { agent_id: unique('agent'), since_id: start.id, timeout: LONG_SEC }
  const { reply, tookMs } = await Promise.all([timed('/v1/events', query), say(hub, { channel })]).then(
    ([a]) => a,
  )
  t.ok(reply.result.length >= 1)
  t.ok(tookMs < SOON_MS, `${tookMs} ms`)
})

t.test('§4 a notice that the hub itself posts wakes a long-poll', async (t) => {
  const thread_id = unique('thread')
  const parent = await say(hub, { kind: 'task', thread_id })
  const child = await say(hub, { kind: 'task', thread_id, parent_task_id: parent.id })
  const waiting = timed('/v1/messages', { thread_id, since_id: child.id, timeout: LONG_SEC })
  await parked(hub)
  await hub.post(`/v1/tasks/${child.id}/complete`)
  t.match((await waiting).reply.result, [{ from_agent: 'system', kind: 'notice', reply_to: parent.id }])
})
