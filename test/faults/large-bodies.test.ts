// Large requests at once, more than a gateway's memory takes: some are asked to come again, small ones pass meanwhile, and
// whoever does not finish what he has begun keeps nothing from others for longer than his connection lasts.

import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import type { HubStatus, Message } from '../../src/protocol/objects.js'
import { ArcClient } from '../../src/sdk/index.js'
import { Calls, resultOf } from '../support/calls.js'
import { rounds } from '../support/campaign.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { startHubProcess } from '../support/processes.js'
import { until } from '../support/waiting.js'

/** The largest message that a hub takes by default: 8.3 MB. */
const LARGEST = {
  from_agent: 'a',
  body: 'b'.repeat(128_000),
  attachments: Array.from({ length: 32 }, () => ({ type: 'text' as const, content: 'x'.repeat(255_990) })),
}
const AT_ONCE = rounds(16, 200)

/** Says what it is about to send, sends half of it, and waits. */
async function halfPost(t: Test, port: number, bytes: number) {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let answer = ''
  socket.setEncoding('latin1').on('data', (text) => {
    answer += text
  })
  socket.on('error', () => {})
  await once(socket, 'connect')
  const head = `POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes}\r\n\r\n`
  socket.write(head + 'x'.repeat(bytes / 2))
  return { answer: () => answer, end: () => socket.destroy() }
}

t.test(`${AT_ONCE} of the largest messages at once`, async (t) => {
  const storage = `${ownFolder(t)}/arc.sqlite3`
  const hub = await startHubProcess(t, [
    '--storage',
    storage,
    '--port',
    '0',
    '--no-relay',
    '--log-level',
    'warn',
  ])
  const calls = new Calls(t, hub.url)
  const before = resultOf(await calls.get<HubStatus>('/v1/status'))
  const replies = await Promise.all(
    Array.from({ length: AT_ONCE }, () =>
      calls.post<Message>('/v1/messages', LARGEST, { deadlineMs: 120_000 }),
    ),
  )
  const stored = replies.filter(({ status }) => status === 201)
  const refused = replies.filter(({ status }) => status === 503)
  t.comment(`${stored.length} were stored, ${refused.length} refused`)
  t.ok(stored.length > 0)
  t.equal(stored.length + refused.length, AT_ONCE)
  for (const { headers, envelope } of refused) {
    t.match({ headers, envelope }, { headers: { 'retry-after': '1' }, envelope: { code: 'overloaded' } })
  }
  const after = resultOf(await calls.get<HubStatus>('/v1/status'))
  t.same([after.pid, after.started_at], [before.pid, before.started_at], 'the hub is the same')
  t.strictSame([...hub.log], [], 'no actor has ended')
  t.equal(after.counts.messages, stored.length, 'and nothing else is stored')
})

t.test('who sends by the SDK at such a time is not told of it', async (t) => {
  const hub = await startTestHub(t)
  const clients = Array.from(
    { length: 12 },
    (_, i) => new ArcClient(`a${i}`, { baseUrl: hub.url, retryFor: 60, timeout: 60 }),
  )
  t.teardown(() => Promise.all(clients.map((client) => client.close())))
  const { body, attachments } = LARGEST
  const sent = await Promise.all(clients.map((client) => client.post(body, { attachments })))
  t.equal(new Set(sent.map(({ id }) => id)).size, clients.length)
})

t.test('large requests that stop half-way hold up large ones only, and only while they last', async (t) => {
  const hub = await startTestHub(t)
  const calls = new Calls(t, hub.url, 4)
  const halves = await Promise.all(Array.from({ length: 18 }, () => halfPost(t, hub.port, 8_000_000)))
  await until('some to be refused', () => halves.some(({ answer }) => /^HTTP\/1.1 503/.test(answer())))
  await calls.say({ body: 'a small one passes' })
  t.match(await calls.post('/v1/messages', LARGEST), { status: 503, envelope: { code: 'overloaded' } })
  for (const { end } of halves) end()
  await until('a large one to pass', async () => (await calls.post('/v1/messages', LARGEST)).status === 201)
})
