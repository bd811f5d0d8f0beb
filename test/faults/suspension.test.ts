// The machine sleeps, with the hub and its agents: at its resume nobody who was there before is declared gone, and what
// they hold stays theirs. Who does not show up again has one presence TTL to do so.

import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Claim, Session } from '../../src/protocol/objects.js'
import { Calls, resultOf } from '../support/calls.js'
import { EventReader } from '../support/event-reader.js'
import { ownFolder } from '../support/folder.js'
import { startHubProcess } from '../support/processes.js'
import { until } from '../support/waiting.js'

const TTL_SEC = 5
const SLEEP_MS = 7_500

t.test('a suspension takes nobody their session or their claims', async (t) => {
  const storage = `${ownFolder(t)}/arc.sqlite3`
  const hub = await startHubProcess(t, [
    '--port',
    '0',
    '--storage',
    storage,
    '--presence-ttl-sec',
    `${TTL_SEC}`,
  ])
  const calls = new Calls(t, hub.url)
  const present = async () =>
    resultOf(await calls.get<Session[]>('/v1/agents')).map(({ agent_id }) => agent_id)
  for (const agent_id of ['idle', 'polling', 'streaming']) {
    await calls.post('/v1/sessions', { agent_id })
    await calls.post('/v1/claims', { owner_agent_id: agent_id, claim_key: agent_id })
  }
  const poll = calls
    .get('/v1/events', { agent_id: 'polling', since_id: 0, timeout: 60 }, 90_000)
    .catch(() => {})
  const stream = new EventReader(`${hub.url}/v1/stream?agent_id=streaming`)
  await calls.waiting(2)

  process.kill(hub.pid, 'SIGSTOP')
  await sleep(SLEEP_MS)
  process.kill(hub.pid, 'SIGCONT')
  t.strictSame(await present(), ['idle', 'polling', 'streaming'])
  t.equal(resultOf(await calls.get<Claim[]>('/v1/claims', { active_only: true })).length, 3)

  await until('who does not show up again to expire', async () => (await present()).length === 2)
  t.strictSame(await present(), ['polling', 'streaming'])
  t.strictSame(
    resultOf(await calls.get<Claim[]>('/v1/claims', { active_only: true })).map(({ claim_key }) => claim_key),
    ['polling', 'streaming'],
  )
  stream.close()
  await hub.end('SIGTERM')
  await poll
})
