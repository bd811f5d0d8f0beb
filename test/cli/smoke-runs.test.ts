// How the roles of the smoke run agree on which run they are in: what earlier runs have left, finished or broken
// off, misleads nobody; and roles of another implementation, which add nothing to what the protocol asks for,
// are followed and accepted.

import t, { type Test } from 'tap'
import type { Session } from '../../src/protocol/objects.js'
import { call } from '../support/arc-process.js'
import { type PlayedRole, type Role, SmokeRoom } from '../support/smoke-room.js'
import { until } from '../support/waiting.js'

const room = new SmokeRoom(t)
const verdictOf = (role: Role) => role.verdict()

const BROKEN_OFF: readonly [string, (t: Test, a: PlayedRole) => Promise<void>][] = [
  [
    'ran out of time',
    async (t, a) => {
      const { verdict, failure } = await a.finished
      const why = /^smoke-a was not through after 2 s; it was about to wait for an artifact/
      t.match(failure, { code: 'timeout', message: why })
      t.match(verdict, { ok: false, run: null, error: why })
    },
  ],
  [
    'was killed, so that its session is still there,',
    async (_, a) => {
      await room.settled('a', a)
      await a.kill()
    },
  ],
]

function seenForMs(agents: readonly Session[], agentId: string): number {
  const found = agents.find(({ agent_id }) => agent_id === agentId)
  return found ? Date.parse(found.last_seen) - Date.parse(found.created_at) : 0
}

for (const [what, breakOff] of BROKEN_OFF) {
  t.test(`a task whose smoke-a ${what} misleads nobody`, async (t) => {
    const before = await room.latestId()
    await breakOff(t, room.start('a', { timeoutSec: 2 }))
    const followers = [room.start('b'), room.start('c')]
    await Promise.all(followers.map((role) => role.says('wait for a task')))
    await until('both to have looked for a while', async () => {
      const agents = await call<Session[]>(room.url, '/v1/agents')
      return ['smoke-b', 'smoke-c'].every((id) => seenForMs(agents, id) >= 4_000)
    })
    const verdicts = await Promise.all([...followers, room.start('a')].map(verdictOf))
    t.equal(new Set(verdicts.map(({ run }) => run)).size, 1)
    const held = await room.heldAfter(before)
    t.strictSame(held.slice(0, 3), ['smoke-a task', 'smoke-a task', 'smoke-b artifact'])
    t.equal(held.length, 1 + 5, 'one task more than a run has')
  })
}

t.test('roles that are in a run follow smoke-a into the next', async (t) => {
  const before = await room.latestId()
  const first = room.start('a')
  await room.settled('a', first)
  const b = room.start('b')
  await b.says('wait for a notice from smoke-c')
  await first.kill()
  const second = room.start('a')
  await room.settled('a', second)
  const verdicts = await Promise.all([b, second, room.start('c')].map(verdictOf))
  t.equal(new Set(verdicts.map(({ run }) => run)).size, 1)
  t.match(b.told, 'another run')
  t.equal((await room.heldAfter(before)).length, 2 + 5, 'a task and an artifact are left of the first')
})

t.test('a second smoke-a in the thread ends the first, which says so', async (t) => {
  const first = room.start('a')
  await room.settled('a', first)
  const second = room.start('a')
  t.match(await first.finished, {
    verdict: { ok: false, run: null },
    failure: { code: 'superseded', message: /^smoke-a .*has begun another run/ },
  })
  await Promise.all([second, room.start('b'), room.start('c')].map(verdictOf))
})

t.test('smoke-b and smoke-c follow a smoke-a that does no more than the protocol asks for', async (t) => {
  await call(room.url, '/v1/sessions', { agent_id: 'smoke-a', replace: true })
  const task = await room.say('smoke-a', 'task', 'do it')
  const followers = [room.start('b'), room.start('c')]
  const comes = (from: string, kind: string, word: string) =>
    until(`${kind} from ${from}`, async () => {
      const messages = await room.messagesAfter(task.id)
      return messages.find((m) => m.from_agent === from && m.kind === kind && m.body.includes(word))
    })
  await comes('smoke-b', 'artifact', '')
  await comes('smoke-c', 'notice', 'verified')
  await room.say('smoke-a', 'notice', 'done')
  for (const { run } of await Promise.all(followers.map(verdictOf))) t.equal(run, task.id)
})

t.test('smoke-a takes what replies to nothing, but not what replies to an older run', async (t) => {
  const old = await room.latestId()
  const a = room.start('a')
  await room.settled('a', a)
  await room.say('smoke-b', 'artifact', 'of another time', old)
  const artifact = await room.say('smoke-b', 'artifact', 'here')
  await room.say('smoke-c', 'notice', 'not yet')
  const notice = await room.say('smoke-c', 'notice', 'all verified')
  const { steps } = await verdictOf(a)
  t.strictSame(
    steps.flatMap(({ saw }) => saw ?? []),
    [artifact.id, notice.id],
  )
})

t.test('a role without a hub, or without a relay, says so and exits 1', async (t) => {
  const { place } = room
  const way = ['smoke-agent', '--role', 'smoke-a', '--timeout-sec', '2', '--transport']
  const http = await place.arc([...way, 'http', '--base-url', 'http://127.0.0.1:1'])
  t.equal(http.status, 1)
  t.match(http.stderr, /arc error: smoke-a .*reach the hub/)
  place.below('nobody', '.arc-relay')
  const relay = await place.arc([...way, 'relay'], { cwd: place.path('nobody') })
  t.equal(relay.status, 1)
  t.match(relay.stderr, /arc error: .*no hub took the request out of \.arc-relay/)
  t.match(JSON.parse(relay.stdout), { ok: false, role: 'smoke-a', transport: 'relay' })
})
