// A hub that comes back late: requests that have grown too old meanwhile are refused, unless they had their effect before.

import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FileAgent } from '../support/file-agent.js'
import {
  committed,
  lockForWriting,
  mortalProcess,
  obstructResponses,
  verifyOnce,
} from './relay-kill-points.suite.js'

const TTL_SEC = 60
const TTL = ['--request-ttl-sec', `${TTL_SEC}`]
const OLD = new Date(Date.now() - 2 * TTL_SEC * 1_000)

t.test('a request that has grown too old is refused and has no effect', async (t) => {
  const hub = await mortalProcess(t, TTL)
  const agent = new FileAgent(hub.spool, 'agent')
  agent.post('by-its-own-word', 'too old', OLD)
  await verifyExpired(t, agent, 'by-its-own-word')

  const unlock = lockForWriting(t, hub.storagePath)
  agent.post('claimed', 'too old')
  await agent.claimed('claimed')
  await hub.die(() => {
    unlock()
    agent.post('by-its-file', 'too old')
    for (const name of ['claimed.work', 'by-its-file.json']) {
      utimesSync(join(agent.folder('requests'), name), OLD, OLD)
    }
  })
  await verifyExpired(t, agent, 'claimed')
  await verifyExpired(t, agent, 'by-its-file')
  t.strictSame(await hub.calls().everythingIn('general'), [])
})

t.test(
  'a request whose effect was committed gets its stored answer, however old it has become',
  async (t) => {
    const hub = await mortalProcess(t, TTL)
    const agent = new FileAgent(hub.spool, 'agent')
    const clear = obstructResponses(agent)
    agent.post('a', 'once')
    await committed(hub)
    await hub.die(() => {
      clear()
      utimesSync(join(agent.folder('requests'), 'a.work'), OLD, OLD)
    })
    await verifyOnce(t, hub, agent)
  },
)

async function verifyExpired(t: Test, agent: FileAgent, stem: string): Promise<void> {
  t.match(await agent.responseTo(stem), {
    ok: false,
    status: 408,
    error: String,
    body: { code: 'request_expired' },
  })
}
