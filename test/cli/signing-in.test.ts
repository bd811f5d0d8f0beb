// A command that acts as an agent registers it first. A hub of ours gets the command's own request together with that, so the
// command waits once. Any other hub gets it after the answer.

import { writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { type Exchange, type ScriptedHub, scriptedHub } from '../sdk/scripted-hub.js'
import { Place } from '../support/arc-process.js'

const SESSION = { session_id: 's', agent_id: 'me', display_name: 'me', capabilities: [], metadata: {} }
const MESSAGE = { id: 1, from_agent: 'me', channel: 'general', kind: 'chat', body: 'hi' }

/** A room whose pid file names the hub. */
function roomOf(t: Test, { url, port }: ScriptedHub, more: object = { instance_id: 'i' }): Place {
  const place = new Place(t)
  const content = JSON.stringify({ pid: process.pid, port, url, ...more })
  writeFileSync(place.room('.arc.pid'), content, { mode: 0o600 })
  return place
}

const isRegistration = ({ path }: Exchange) => path === '/v1/sessions'

t.test(
  'a hub of ours has both requests before it answers, in their order and on one connection',
  async (t) => {
    let first: Exchange | undefined
    const hub = await scriptedHub(t, (exchange) => {
      if (isRegistration(exchange)) first = exchange
      else {
        first?.ok(SESSION)
        exchange.ok(MESSAGE)
      }
    })
    const done = await roomOf(t, hub).arc(['post', '--agent', 'me', 'hi'])
    t.match(done, { status: 0, stdout: /"body":"hi"/ }, done.stderr)
    t.strictSame(
      hub.seen.map(({ path }) => path),
      ['/v1/sessions', '/v1/messages'],
    )
    t.equal(hub.seen[0]?.socket, hub.seen[1]?.socket)
  },
)

t.test('the registration’s refusal is the command’s, and comes before that of its request', async (t) => {
  const hub = await scriptedHub(t, (exchange) => {
    const about = isRegistration(exchange) ? 'the session' : 'the lock'
    exchange.fail(400, { ok: false, error: `no: ${about}` })
  })
  const done = await roomOf(t, hub).arc(['lock', '--agent', 'me', 'a.ts'])
  t.match(done, { status: 1, stderr: 'arc error: no: the session\n' })
  t.equal(hub.seen.length, 2)
})

t.test('a refused registration ends a command whose request would wait', async (t) => {
  const hub = await scriptedHub(t, (exchange) => {
    if (isRegistration(exchange)) exchange.fail(400, { ok: false, error: 'no' })
  })
  const done = await roomOf(t, hub).arc(['lock', '--agent', 'me', '--wait', '600', 'a.ts'])
  t.match(done, { status: 1, stderr: 'arc error: no\n' })
})

const deadPid = await new Place(t).deadPid()
for (const [name, more] of [
  ['of another implementation', {}],
  ['whose process has ended', { instance_id: 'i', pid: deadPid }],
] as const) {
  t.test(`a hub ${name} gets the request after it has registered the agent`, async (t) => {
    let hasAnswered = false
    const hub = await scriptedHub(t, (exchange) => {
      if (!isRegistration(exchange)) return exchange.ok({ ...MESSAGE, body: `${hasAnswered}` })
      setTimeout(() => {
        hasAnswered = true
        exchange.ok(SESSION)
      }, 200)
    })
    const done = await roomOf(t, hub, more).arc(['post', '--agent', 'me', 'hi'])
    t.match(done, { status: 0, stdout: /"body":"true"/ }, done.stderr)
  })
}
