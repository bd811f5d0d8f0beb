// PROTOCOL §18, who may be woken: by what is addressed to it and wants a reply, and not by the next message of a long row that
// no person has joined. All messages are stored and handed over, held or not.

import t from 'tap'
import type { HeldWake, Message, Offer, Wake } from '../../src/protocol/objects.js'
import { join, newChannel, parked, say, unique } from './steps.js'
import { needsOwnHub, ownHub, type Target } from './target.js'

if (needsOwnHub) {
  t.plan(0, needsOwnHub)
  process.exit()
}

t.jobs = 8
const hub: Target = await ownHub(t)

const CHANNEL = 40
const PAIR = 20

const wakeOf = async (agent: string, timeout = 0) =>
  (await hub.get<Wake>(`/v1/mailboxes/${agent}/wake`, { timeout })).result
const heldOf = async (agent: string) =>
  (await hub.get<HeldWake[]>('/v1/held-wakes')).result.filter(({ agent_id }) => agent_id === agent)
const tell = (from_agent: string, to_agent: string, more: object = {}) =>
  say(hub, { from_agent, to_agent, body: 'hello', ...more })

async function agents(count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => unique(`agent-${i}`))
  for (const name of names) await join(hub, name)
  return names
}

async function person(): Promise<string> {
  const name = unique('person')
  await hub.post('/v1/sessions', { agent_id: name, capabilities: ['operator'] })
  return name
}

/** Reads everything, so that only what comes later is unread. */
async function readAll(agent: string, at: Target = hub): Promise<void> {
  const { result } = await at.post<Offer>(`/v1/mailboxes/${agent}/offer`, { reader: 'all', limit: 500 })
  if (result.offer_id) await at.post(`/v1/mailboxes/${agent}/shown`, { offer_id: result.offer_id })
}

t.test('§18 hub-info announces wakes', async (t) => t.ok(hub.announces('arc:wake')))

t.test('§18 a message wakes its addressee, an ambient one and a read one do not', async (t) => {
  const [bob = '', alice = ''] = await agents(2)
  t.match(await wakeOf(bob), {
    agent_id: bob,
    wake: false,
    message_id: null,
    from_agent: null,
    unread: 0,
    held: [],
  })
  await say(hub, { from_agent: alice, body: 'to all' })
  t.match(await wakeOf(bob), { wake: false })
  const { id } = await tell(alice, bob)
  t.match(await wakeOf(bob), { wake: true, message_id: id, from_agent: alice, unread: 1 })
  await readAll(bob)
  t.match(await wakeOf(bob), { wake: false, unread: 0 })
  const mention = await say(hub, { from_agent: alice, body: `@${bob} look` })
  t.match(await wakeOf(bob), { wake: true, message_id: mention.id })
})

t.test('§18 a message that needs no reply is stored, handed over, and wakes nobody', async (t) => {
  const [bob = '', alice = ''] = await agents(2)
  const { id } = await tell(alice, bob, { metadata: { no_reply: true } })
  t.match(await wakeOf(bob), { wake: false, unread: 1, held: [] })
  await tell(alice, bob, { metadata: { no_reply: 'yes' } })
  t.match(await wakeOf(bob), { wake: true, unread: 2 }, 'only true is true')
  const { result } = await hub.post<Offer>(`/v1/mailboxes/${bob}/offer`, { reader: 'r' })
  t.equal(result.messages[0]?.id, id)
})

t.test('§18 the look waits until the agent may be woken', async (t) => {
  const [bob = '', alice = ''] = await agents(2)
  const looking = wakeOf(bob, 30)
  await parked(hub)
  await tell(alice, bob, { metadata: { no_reply: true } })
  await say(hub, { from_agent: alice, body: 'to all' })
  const { id } = await tell(alice, bob)
  t.match(await looking, { wake: true, message_id: id })
  await readAll(bob)
  t.match(await wakeOf(bob, 0.05), { wake: false })
})

t.test(`§18 two agents that answer each other wake nobody after ${PAIR} messages`, async (t) => {
  const [bob = '', alice = '', carl = ''] = await agents(3)
  for (let i = 1; i < PAIR; i++) await (i % 2 ? tell(alice, bob) : tell(bob, alice))
  await readAll(bob)
  await readAll(alice)
  await tell(bob, alice, { body: 'the twentieth' })
  const expected = { agent_id: alice, channel: null, with_agent: bob, messages: PAIR }
  t.match(await wakeOf(alice), { wake: false, unread: 1, held: [expected] })
  t.match(await heldOf(alice), [expected])
  const other = await tell(carl, alice)
  t.match(
    await wakeOf(alice),
    { wake: true, message_id: other.id, held: [expected] },
    'another agent still wakes',
  )
  await readAll(alice)
  await tell(bob, alice)
  t.match(await wakeOf(alice), { wake: false })

  const looking = wakeOf(alice, 30)
  await parked(hub)
  await tell(await person(), alice, { body: 'Go on.' })
  t.match(await looking, { wake: true, held: [] }, 'a person lets them go on')
  t.match(await heldOf(alice), [])

  const writtenTo = await person()
  for (let i = 0; i <= PAIR; i++) await tell(alice, writtenTo)
  t.match(await wakeOf(writtenTo), { wake: true, held: [] }, 'any message wakes a person')
})

t.test(`§18 a channel of agents alone wakes nobody after ${CHANNEL} messages`, async (t) => {
  const channel = await newChannel(hub)
  const [bob = '', alice = ''] = await agents(2)
  const post = (from_agent: string, body: string) => say(hub, { from_agent, channel, body })
  for (let i = 1; i < CHANNEL; i++) await post(i % 2 ? alice : bob, `${i}`)
  const last = (await post(alice, `@${bob} the fortieth`)) as Message
  const expected = { agent_id: bob, channel, with_agent: null, message_id: last.id, messages: CHANNEL }
  t.match(await wakeOf(bob), { wake: false, held: [expected] })
  await post(await person(), 'Go on.')
  t.match(await wakeOf(bob), { wake: true, message_id: last.id, held: [] })
  await post(alice, 'and on')
  t.match(await wakeOf(bob), { wake: true }, 'it counts from the person')
})

t.test("§18 the hub's own messages always wake, and count for nothing", async (t) => {
  const [bob = '', alice = ''] = await agents(2)
  const { id } = await say(hub, { from_agent: alice, kind: 'task', body: 'work' })
  for (let i = 0; i < PAIR; i++) await tell(alice, bob)
  await hub.post(`/v1/tasks/${id}/assign`, { agent_id: bob, by: 'the boss' })
  t.match(await wakeOf(bob), { wake: true, from_agent: 'system', held: [{ with_agent: alice }] })
})

t.test('§18 a hub may have other guards, or none', async (t) => {
  const other = await ownHub(t, { limits: { loopGuardChannel: 0, loopGuardPair: 3 } })
  const [bob, alice] = [unique('bob'), unique('alice')]
  for (const name of [bob, alice]) await join(other, name)
  const wake = async () => (await other.get<Wake>(`/v1/mailboxes/${bob}/wake`)).result
  for (let i = 0; i < 50; i++) await say(other, { from_agent: alice, body: `@${bob} ${i}` })
  t.match(await wake(), { wake: true, held: [] })
  await readAll(bob, other)
  for (let i = 0; i < 2; i++) await say(other, { from_agent: alice, to_agent: bob, body: 'x' })
  t.match(await wake(), { wake: true, held: [] })
  await say(other, { from_agent: alice, to_agent: bob, body: 'x' })
  t.match(await wake(), { wake: false, held: [{ with_agent: alice, messages: 3 }] })
})
