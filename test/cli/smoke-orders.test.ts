// The smoke run (PROTOCOL §14), its roles started in every order, each time on the same hub; smoke-b goes over files. Once the
// roles are three processes as a user starts them, and smoke-b's has a network namespace of its own where nothing else works.

import t from 'tap'
import { call, statusOf } from '../support/arc-process.js'
import { NO_NETWORK, needsNoNetwork, tryNetwork } from '../support/no-network.js'
import { type Letter, type Role, SmokeRoom } from '../support/smoke-room.js'

/** In the first one nobody has made the channel yet. */
const ORDERS = ['bca', 'abc', 'acb', 'bac', 'cab', 'cba'] as const
const BY_PROCESSES = 'bca'

const room = new SmokeRoom(t)

t.test(
  'where smoke-b runs no connection is made, not even to itself',
  { skip: needsNoNetwork },
  async (t) => {
    const port = Number(new URL(room.url).port)
    const outside = await tryNetwork([], port)
    t.match(outside, { interfaces: /lo/, hub: 'connected', itself: 'connected' })
    const inside = await tryNetwork(NO_NETWORK ?? [], port)
    t.match(inside, { interfaces: /^$/, hub: /^E[A-Z]+$/, itself: /^E[A-Z]+$/ })
  },
)

for (const order of ORDERS) {
  t.test(`started in the order ${order.split('').join(', ')}, all pass, in one new run`, async (t) => {
    const start = (letter: Letter) =>
      order === BY_PROCESSES ? room.startProcess(letter) : room.start(letter)
    const before = await room.latestId()
    const roles = new Map<Letter, Role>()
    for (const letter of order.split('') as Letter[]) {
      const role = start(letter)
      roles.set(letter, role)
      if (roles.size < order.length) await room.settled(letter, role)
    }
    const verdicts = await Promise.all([...roles.values()].map((role) => role.verdict()))
    const run = verdicts[0]?.run ?? 0
    t.ok(run > before, 'it is a new one')
    const { instance_id } = await statusOf(room.url)
    for (const verdict of verdicts) {
      const transport = verdict.role === 'smoke-b' ? 'relay' : 'http'
      t.match(verdict, { ok: true, run, transport, instance_id })
      t.match(verdict, {
        channel: 'smoke-room',
        thread_id: 'smoke-relay-001',
        claim_key: 'smoke-claim-001',
      })
    }
    const held = await room.heldAfter(before)
    t.strictSame(held.slice(0, 3), ['smoke-a task', 'smoke-b artifact', 'smoke-c notice'])
    t.strictSame(held.slice(3).sort(), ['smoke-a notice', 'smoke-b notice'], 'and the closing ones')
    const claims = await call(room.url, '/v1/claims?thread_id=smoke-relay-001&active_only=true')
    t.strictSame(claims, [], 'no claim is left')
  })
}

t.test('each step is told in words on standard error', async (t) => {
  const roles = (['c', 'b', 'a'] as const).map((letter) => room.startProcess(letter))
  await Promise.all(roles.map((role) => role.verdict()))
  const told = {
    c: ['saw the task #', 'read the active claims', 'posted a notice #'],
    b: ['acquired smoke-claim-001', 'posted an artifact #', 'released smoke-claim-001', 'says "verified"'],
    a: ['posted a task #', 'saw an artifact from smoke-b', 'posted a notice #'],
  }
  for (const [i, words] of Object.values(told).entries())
    for (const word of words) t.ok(roles[i]?.told.includes(word), word)
})
