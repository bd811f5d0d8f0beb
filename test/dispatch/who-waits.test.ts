// Who waits at a hub: agents in long-polls and in streams, at both doors. They are named while they do, and their sessions
// don't expire. With a real hub.

import { connect } from 'node:net'
import t from 'tap'
import type { HubStatus, Session } from '../../src/protocol/objects.js'
import { Calls, resultOf } from '../support/calls.js'
import { EventReader } from '../support/event-reader.js'
import { FileAgent } from '../support/file-agent.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { until } from '../support/waiting.js'

t.jobs = 2

const LARGE = 'x'.repeat(120_000)
const STATUS = '/v1/status'

t.test('agents in long-polls and in streams are named, at both doors, each once', async (t) => {
  const spoolDir = ownFolder(t)
  const hub = await startTestHub(t, { spoolDir })
  const calls = new Calls(t, hub.url)
  for (const agent of ['in-stream', 'in-both']) {
    const reader = new EventReader(`${hub.url}/v1/stream?agent_id=${agent}`)
    t.teardown(() => reader.close())
  }
  const query = { since_id: 99, timeout: 30 }
  for (const agent_id of ['in-poll', 'in-both'])
    calls.get('/v1/events', { ...query, agent_id }).catch(() => {})
  const files = new FileAgent(spoolDir, 'in-file')
  files.poll('1', 99, 30)
  const wanted = ['in-both', 'in-file', 'in-poll', 'in-stream']
  const named = async () => resultOf(await calls.get<HubStatus>(STATUS)).waiting_agents.sort()
  await until('all to be named', async () => (await named()).length >= wanted.length)
  t.strictSame(await named(), wanted)
})

t.test(
  'an agent that takes its time to read its stream waits, and its session does not expire',
  async (t) => {
    const hub = await startTestHub(t, { presenceTtlSec: 5 })
    const calls = new Calls(t, hub.url)
    for (const agent_id of ['slow', 'gone']) await calls.post('/v1/sessions', { agent_id })
    const socket = connect(hub.port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.on('error', () => {}).pause()
    socket.write('GET /v1/stream?agent_id=slow HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const status = async () => resultOf(await calls.get<HubStatus>(STATUS))
    await until('the stream', async () => (await status()).open_streams === 1)
    // Until the stream has more to send than the sockets take: then nobody is parked.
    await until('the reader to be behind', async () => {
      await calls.say({ body: LARGE })
      return (await status()).waiting_polls === 0 && (await status()).waiting_polls === 0
    })
    for (let i = 0; i < 100; i++) await calls.say({ body: LARGE })
    t.match(await status(), { waiting_polls: 0, waiting_agents: ['slow'], open_streams: 1 })
    const present = async () =>
      resultOf(await calls.get<Session[]>('/v1/agents')).map(({ agent_id }) => agent_id)
    await until(
      'the one that shows no sign of life to expire',
      async () => !(await present()).includes('gone'),
    )
    // It may have shown one more sign of life than the other, when it was opened.
    const before = (await status()).uptime_sec
    await until('its own time to be over as well', async () => (await status()).uptime_sec > before + 5)
    t.strictSame(await present(), ['slow'])
  },
)
