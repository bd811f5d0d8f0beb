// PROTOCOL §18, mailboxes and receipts: what is addressed to whom, how far it has come, and who is told.

import { join as joinPath } from 'node:path'
import t from 'tap'
import type { Agent, Mailbox, Message, Offer, Receipt, Recipient } from '../../src/protocol/objects.js'
import { RawAgent } from '../support/raw-agent.js'
import { idsOf, inParallel, join, newChannel, parked, refused, say, unique, until } from './steps.js'
import { needsOwnHub, ownFolder, ownHub, type Target } from './target.js'

if (needsOwnHub) {
  t.plan(0, needsOwnHub)
  process.exit()
}

t.jobs = 16
const spool = joinPath(await ownFolder(t), 'spool')
const hub: Target = await ownHub(t, { spoolDir: spool })

const box = (agent: string, verb = '') => `/v1/mailboxes/${encodeURIComponent(agent)}${verb}`
const mailbox = async (agent: string) => (await hub.get<Mailbox>(box(agent))).result
const ask = async (agent: string, fields: object = {}, timeout = 0) =>
  (await hub.post<Offer>(`${box(agent, '/offer')}?timeout=${timeout}`, { reader: 'r', ...fields })).result
const show = (agent: string, offer: Offer, fields: object = {}) =>
  hub.post<{ shown: number }>(box(agent, '/shown'), { offer_id: offer.offer_id, ...fields })
const receipts = async (id: number) => (await hub.get<Receipt[]>(`/v1/messages/${id}/receipts`)).result

/** An agent with a session, and one that writes to it. */
async function pair(): Promise<[reader: string, writer: string]> {
  const names = [unique('reader'), unique('writer')] as [string, string]
  for (const name of names) await join(hub, name)
  return names
}

t.test('§18 hub-info announces mailboxes', async (t) => {
  t.ok(hub.announces('arc:mailbox'))
})

t.test('§18 addressed: direct messages, mentions as a whole word, and replies', async (t) => {
  const [reader, writer] = await pair()
  const own = await say(hub, { from_agent: reader, body: `I am @${reader}` })
  const addressed = [
    await say(hub, { from_agent: writer, to_agent: reader, body: 'direct' }),
    await say(hub, { from_agent: writer, body: `hello @${reader}, look` }),
    await say(hub, { from_agent: writer, body: `(@${reader})` }),
    await say(hub, { from_agent: writer, body: `ask @${reader}.` }),
    await say(hub, { from_agent: writer, body: 'reply', reply_to: own.id }),
  ]
  const ambient = [
    await say(hub, {
      from_agent: writer,
      body: `@${reader}-2 and me@${reader} and @${reader}x and ${reader}`,
    }),
    await say(hub, { from_agent: writer, body: 'to all' }),
  ]
  const offer = await ask(reader)
  t.strictSame(idsOf(offer.messages), idsOf(addressed))
  const seen = new Set(idsOf(offer.ambient))
  t.ok(idsOf(ambient).every((id) => seen.has(id)))
  t.notOk(seen.has(own.id), 'its own messages are not in its mailbox')
  t.strictSame(await receipts((ambient[1] as Message).id), [])
})

t.test(
  '§18 a mailbox begins with the first session: ambient from then on, addressed from ever',
  async (t) => {
    const agent = unique('newcomer')
    const before = await say(hub, { body: 'history' })
    const direct = await say(hub, { to_agent: agent, body: 'early' })
    const mention = await say(hub, { body: `@${agent} early as well` })
    t.match(await mailbox(agent), { known: false, present: false, last_seen: null, unread: 2 })
    t.match(await receipts(direct.id), [{ agent_id: agent, state: 'queued', reason: 'unknown_agent' }])
    await join(hub, agent)
    const after = await say(hub, { body: 'news' })
    const offer = await ask(agent)
    t.strictSame(idsOf(offer.messages), [direct.id, mention.id])
    t.notOk(idsOf(offer.ambient).includes(before.id))
    t.ok(idsOf(offer.ambient).includes(after.id))
  },
)

t.test(
  '§18 queued, offered, shown, acknowledged: each with its time, and repeated calls change nothing',
  async (t) => {
    const [reader, writer] = await pair()
    const { id, ts } = await say(hub, { from_agent: writer, to_agent: reader })
    const at = async () => (await receipts(id))[0] as Receipt
    t.match(await at(), { state: 'queued', offers: 0, queued_at: ts, offered_at: null, reason: 'no_reader' })
    const offer = await ask(reader, { ambient: false })
    t.match(await at(), {
      state: 'offered',
      offers: 1,
      offered_at: String,
      shown_at: null,
      reason: 'offered',
    })
    for (let i = 0; i < 2; i++) {
      const reply = await show(reader, offer, { via: 'test' })
      t.strictSame(
        [reply.status, reply.result],
        [200, { shown: offer.messages.length + offer.ambient.length }],
      )
    }
    const shown = await at()
    t.match(shown, { state: 'shown', shown_at: String, via: 'test', reason: null })
    t.match(await mailbox(reader), { unread: 0, last_shown_id: id, oldest_unread_at: null })
    const ack = await hub.post<Receipt>(`/v1/messages/${id}/ack`, { agent_id: reader, note: 'on it' })
    t.match(ack.result, {
      state: 'acknowledged',
      acknowledged_at: String,
      note: 'on it',
      shown_at: shown.shown_at,
    })
    await hub.post(`/v1/messages/${id}/ack`, { agent_id: reader, note: 'again' })
    t.strictSame(await at(), ack.result)
  },
)

t.test('§18 a reply acknowledges, without marking it shown', async (t) => {
  const [reader, writer] = await pair()
  const asked = await say(hub, { from_agent: writer, to_agent: reader })
  await say(hub, { from_agent: reader, to_agent: writer, reply_to: asked.id })
  t.match(await receipts(asked.id), [{ state: 'acknowledged', shown_at: null, reason: null }])
  t.match(await mailbox(reader), { unread: 0 })
  t.strictSame((await ask(reader)).messages, [])
})

t.test('§18 of concurrent offers each message is in one', async (t) => {
  const [reader, writer] = await pair()
  const posted = await inParallel(40, (i) => say(hub, { from_agent: writer, to_agent: reader, body: `${i}` }))
  const offers = await inParallel(16, (i) => ask(reader, { reader: `r${i}`, limit: 5, ambient: false }))
  const ids = offers.flatMap((offer) => idsOf(offer.messages))
  t.equal(new Set(ids).size, ids.length)
  t.strictSame(
    ids.sort((a, b) => a - b),
    idsOf(posted).sort((a, b) => a - b),
  )
  for (const offer of offers)
    t.strictSame(
      idsOf(offer.messages),
      [...idsOf(offer.messages)].sort((a, b) => a - b),
    )
})

t.test('§18 the reader of a live offer gets it again, another reader gets nothing', async (t) => {
  const [reader, writer] = await pair()
  await say(hub, { from_agent: writer, to_agent: reader })
  const offer = await ask(reader, { reader: 'one', ambient: false })
  t.strictSame(await ask(reader, { reader: 'two', ambient: false }), {
    offer_id: null,
    messages: [],
    ambient: [],
    left: { messages: 0, ambient: 0 },
  })
  const { offer_id, messages } = await ask(reader, { reader: 'one', ambient: false })
  t.strictSame([offer_id, messages], [offer.offer_id, offer.messages])
})

t.test('§18 an offer lapses: 409, offered again, and it says so', async (t) => {
  const [reader, writer] = await pair()
  const { id } = await say(hub, { from_agent: writer, to_agent: reader })
  const ambient = await say(hub, { from_agent: writer })
  const first = await ask(reader, { reader: 'crashes', lease_sec: 5 })
  t.match(first, { messages: [{ id, offers: 1 }] })
  const second = await ask(reader, { reader: 'other' }, 15)
  t.match(second, { messages: [{ id, offers: 2 }] })
  t.match(
    second.ambient.find((message) => message.id === ambient.id),
    { offers: 2 },
  )
  const late = await show(reader, first)
  refused(t, hub, late, 409, /has lapsed, and its messages are offered again/)
  t.equal(late.json.code, 'offer_lapsed')
  t.match(await receipts(id), [{ state: 'offered', offers: 2 }])
})

t.test('§18 shown up to an id: the rest is offered again at once', async (t) => {
  const [reader, writer] = await pair()
  const [one, two] = [
    await say(hub, { from_agent: writer, to_agent: reader }),
    await say(hub, { from_agent: writer, to_agent: reader }),
  ]
  const offer = await ask(reader, { ambient: false })
  t.strictSame((await show(reader, offer, { up_to_id: one.id })).result, { shown: 1 })
  t.match(await ask(reader, { reader: 'next', ambient: false }), { messages: [{ id: two.id, offers: 2 }] })
})

t.test('§18 max_chars: what does not fit is cut or left, and the offer says so', async (t) => {
  const [reader, writer] = await pair()
  const long = await say(hub, { from_agent: writer, to_agent: reader, body: 'ä'.repeat(900) })
  await say(hub, { from_agent: writer, to_agent: reader, body: 'x'.repeat(900) })
  const small = await ask(reader, { max_chars: 200, ambient: false })
  t.match(small, { messages: [{ id: long.id, body: 'ä'.repeat(200), cut: true }], left: { messages: 1 } })
  t.equal((await hub.get<Message>(`/v1/messages/${long.id}`)).result.body, 'ä'.repeat(900))
  await show(reader, small)
  const rest = await ask(reader, { ambient: false })
  t.match(rest, { messages: [{ body: 'x'.repeat(900) }], left: { messages: 0 } })
  t.notOk('cut' in (rest.messages[0] as object))
})

t.test('§18 limit, and ambient: false', async (t) => {
  const [reader, writer] = await pair()
  for (let i = 0; i < 3; i++) await say(hub, { from_agent: writer, to_agent: reader })
  await say(hub, { from_agent: writer })
  const offer = await ask(reader, { limit: 2 })
  t.match([offer.messages.length, offer.ambient.length, offer.left.messages], [2, 0, 1])
  await show(reader, offer)
  const rest = await ask(reader, { ambient: false })
  t.match([rest.messages.length, rest.ambient.length], [1, 0])
  t.ok(rest.left.ambient >= 1)
})

t.test('§18 ambient messages have one cursor: shown once, in one offer at a time', async (t) => {
  const [reader, writer] = await pair()
  const { id } = await say(hub, { from_agent: writer })
  const offer = await ask(reader, { reader: 'one' })
  t.ok(idsOf(offer.ambient).includes(id))
  t.notOk(idsOf((await ask(reader, { reader: 'two' })).ambient).includes(id))
  await show(reader, offer)
  t.notOk(idsOf((await ask(reader, { reader: 'two' })).ambient).includes(id))
})

t.test('§18 an offer waits for a message, at both doors, and the reader is present meanwhile', async (t) => {
  const [reader, writer] = await pair()
  const waiting = ask(reader, { ambient: false }, 20)
  const files = new RawAgent(spool, reader)
  const byFiles = files.ask<Offer>('POST', `${box(writer, '/offer')}?timeout=20`, {
    body: { reader: 'files', ambient: false },
  })
  await parked(hub)
  await say(hub, { from_agent: writer, body: 'for all' })
  const { id } = await say(hub, { from_agent: writer, to_agent: reader })
  t.strictSame(idsOf((await waiting).messages), [id])
  const back = await say(hub, { from_agent: reader, to_agent: writer })
  t.strictSame(idsOf((await byFiles).body?.result?.messages ?? []), [back.id])
})

t.test('§18 the same offer by the same idempotency key', async (t) => {
  const [reader, writer] = await pair()
  await say(hub, { from_agent: writer, to_agent: reader })
  const key = { 'idempotency-key': unique('key') }
  const empty = await hub.post<Offer>(box(writer, '/offer'), { reader: 'r', ambient: false }, key)
  t.equal(empty.result.offer_id, null)
  await say(hub, { from_agent: reader, to_agent: writer })
  const full = await hub.post<Offer>(box(writer, '/offer'), { reader: 'r', ambient: false }, key)
  t.equal(full.result.messages.length, 1, 'an offer of nothing is not kept')
  await show(writer, full.result)
  const again = await hub.post<Offer>(box(writer, '/offer'), { reader: 'r', ambient: false }, key)
  t.strictSame(again.result, full.result)
})

t.test('§18 undelivered: what is not shown yet, by sender, addressee and age', async (t) => {
  const [reader, writer] = await pair()
  const first = await say(hub, { from_agent: writer, to_agent: reader })
  const second = await say(hub, { from_agent: writer, body: `@${reader} @nobody-${reader}` })
  const query = async (fields: Record<string, string | number>) =>
    (await hub.get<Receipt[]>('/v1/undelivered', fields)).result
  const rows = await query({ from: writer })
  t.strictSame(
    rows.map((row) => [row.message_id, row.agent_id, row.reason]),
    [
      [first.id, reader, 'no_reader'],
      [second.id, `nobody-${reader}`, 'unknown_agent'],
      [second.id, reader, 'no_reader'],
    ],
  )
  t.equal((await query({ from: writer, to: reader })).length, 2)
  t.equal((await query({ from: writer, limit: 1 })).length, 1)
  t.strictSame(await query({ from: writer, older_than_sec: 600 }), [])
  await show(reader, await ask(reader))
  t.strictSame(await query({ to: reader }), [])
})

t.test('§18 reasons: away', async (t) => {
  const [reader, writer] = await pair()
  const { session_id } = await join(hub, reader, { replace: true })
  await hub.call('DELETE', `/v1/sessions/${session_id}`)
  const { id } = await say(hub, { from_agent: writer, to_agent: reader })
  t.match(await receipts(id), [{ reason: 'away' }])
  t.match(await mailbox(reader), { known: true, present: false, last_seen: String })
})

t.test("§18 a direct message's answer has its recipient", async (t) => {
  const [reader, writer] = await pair()
  const post = (fields: object) =>
    hub.post<Message>('/v1/messages', { from_agent: writer, body: 'x', ...fields })
  const { json, status } = await post({ to_agent: reader })
  const expected: Recipient = {
    agent_id: reader,
    known: true,
    present: true,
    last_seen: (await mailbox(reader)).last_seen,
    unread: 1,
    last_shown_id: null,
  }
  t.strictSame([status, json.recipient], [201, expected])
  t.match((await post({ to_agent: unique('nobody') })).json.recipient, {
    known: false,
    present: false,
    unread: 1,
  })
  t.notOk('recipient' in (await post({})).json, 'a broadcast has none')
})

t.test('§18 to_must_exist: 404 with near names, and nothing is stored', async (t) => {
  const [reader, writer] = await pair()
  const misspelt = `${reader.slice(0, -1)}_`
  const body = { from_agent: writer, to_agent: misspelt, body: 'x', to_must_exist: true }
  const reply = await hub.post<Message>('/v1/messages', body)
  t.strictSame([reply.status, reply.json.code], [404, 'unknown_recipient'])
  t.match(reply.json.error, `did you mean "${reader}"`)
  t.match(reply.json, { near: [reader] })
  t.match(await mailbox(misspelt), { known: false, unread: 0 })
  t.equal((await hub.post('/v1/messages', { ...body, to_agent: reader })).status, 201)
})

t.test('§18 if_latest: 409 with what is newer from others, and nothing is stored', async (t) => {
  const [other, writer] = await pair()
  const channel = await newChannel(hub)
  const post = (fields: object) =>
    hub.post<Message>('/v1/messages', { from_agent: writer, body: 'x', ...fields })
  for (const place of [{ channel }, { channel, thread_id: unique('thread') }]) {
    const mine = (await post(place)).result
    const own = (await post({ ...place, if_latest: mine.id })).result
    const newer = await say(hub, { from_agent: other, ...place, metadata: { n: 1 } })
    const reply = await post({ ...place, if_latest: mine.id })
    t.strictSame([reply.status, reply.json.code], [409, 'stale'])
    t.strictSame((reply.json as { messages?: unknown }).messages, [newer])
    t.equal((await post({ ...place, if_latest: newer.id })).status, 201, `after ${own.id}`)
  }
  refused(t, hub, await post({ to_agent: other, if_latest: 1 }), 400, /if_latest/)
})

t.test('§18 before_id pages backwards', async (t) => {
  const [reader, writer] = await pair()
  const channel = await newChannel(hub)
  const posted: Message[] = []
  for (let i = 0; i < 5; i++) posted.push(await say(hub, { from_agent: writer, channel, body: `${i}` }))
  const before = (id: number) =>
    hub.get<Message[]>('/v1/messages', { channel, before_id: id, limit: 2, timeout: 5 })
  t.strictSame((await before((posted[4] as Message).id)).result, posted.slice(2, 4))
  t.strictSame((await before((posted[1] as Message).id)).result, posted.slice(0, 1))
  t.strictSame((await before((posted[0] as Message).id)).result, [], 'it does not wait')
  const direct = [await say(hub, { to_agent: reader }), await say(hub, { to_agent: reader })] as const
  const inbox = await hub.get<Message[]>(`/v1/inbox/${reader}`, { before_id: direct[1].id })
  t.strictSame(inbox.result, [direct[0]])
})

t.test('§18 unknown messages, offers, and acknowledgements by others are refused', async (t) => {
  const [reader, writer] = await pair()
  const { id } = await say(hub, { from_agent: writer, to_agent: reader })
  for (const path of ['/v1/messages/999999999', '/v1/messages/x', '/v1/messages/999999999/receipts'])
    refused(t, hub, await hub.get(path), 404, /message \S+ does not exist/)
  refused(t, hub, await hub.post(`/v1/messages/${id}/ack`, { agent_id: writer }), 404, /is not addressed to/)
  refused(t, hub, await hub.post(box(reader, '/shown'), { offer_id: 'none' }), 404, /has no offer "none"/)
  const offer = await ask(reader)
  refused(t, hub, await show(writer, offer), 404, /has no offer/)
  refused(t, hub, await hub.post(box(reader, '/offer'), {}), 400, /reader is required/)
})

t.test('§17 one agent whole; one that was never seen: 404 with near names', async (t) => {
  const [agent, writer] = await pair()
  const task = await say(hub, { from_agent: writer, to_agent: agent, kind: 'task', body: 'do it' })
  await hub.post('/v1/locks', { agent_id: agent, file_path: unique('path') })
  await hub.post('/v1/claims', { owner_agent_id: agent, claim_key: unique('key') })
  const last = await say(hub, { from_agent: agent, body: 'on it' })
  const { result } = await hub.get<Agent>(`/v1/agents/${agent}`)
  t.match(result, {
    agent_id: agent,
    session: { agent_id: agent, active: true },
    mailbox: { unread: 1, known: true },
    locks: [{ agent_id: agent }],
    claims: [{ owner_agent_id: agent }],
    tasks: [{ task_id: task.id }],
    last_message: last,
  })
  refused(t, hub, await hub.get(`/v1/agents/${agent}x`), 404, new RegExp(`did you mean "${agent}"`))
})

t.test('§18 notices of the hub reach the mailbox of who lost leases', async (t) => {
  const own = await ownHub(t, { presenceTtlSec: 5 })
  const [agent] = [unique('agent')]
  await join(own, agent)
  await own.post('/v1/locks', { agent_id: agent, file_path: 'a.ts', ttl_sec: 600 })
  await until('the notice', async () => (await own.get<Mailbox>(box(agent))).result.unread === 1)
})
