// The hub's whole process is killed in the narrow moments of a request's life (relay-kill-points.suite.ts),
// and comes back late: what has grown too old meanwhile is refused, unless it had its effect before.

import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Calls } from '../support/calls.js'
import { FileAgent } from '../support/file-agent.js'
import { ownFolder } from '../support/folder.js'
import { startHubProcess } from '../support/processes.js'
import {
  committed,
  lockForWriting,
  type Mortal,
  obstructResponses,
  testKillPoints,
  verifyOnce,
} from './relay-kill-points.suite.js'

const TTL_SEC = 60
const OLD = new Date(Date.now() - 2 * TTL_SEC * 1_000)

testKillPoints('the process', mortalProcess)

t.test('a request that has grown too old is refused and has no effect', async (t) => {
  const hub = await mortalProcess(t)
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
    const hub = await mortalProcess(t)
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

async function mortalProcess(t: Test): Promise<Mortal> {
  const folder = ownFolder(t)
  const storagePath = join(folder, 'arc.sqlite3')
  const spool = join(folder, 'spool')
  const args = ['--storage', storagePath, '--port', '0', '--spool-dir', spool, '--log-level', 'warn']
  const start = () => startHubProcess(t, [...args, '--request-ttl-sec', `${TTL_SEC}`])
  let hub = await start()
  return {
    spool,
    storagePath,
    calls: () => new Calls(t, hub.url),
    die: async (meanwhile) => {
      t.match(await hub.end('SIGKILL'), { signal: 'SIGKILL' })
      meanwhile?.()
      hub = await start()
    },
  }
}

async function verifyExpired(t: Test, agent: FileAgent, stem: string): Promise<void> {
  t.match(await agent.responseTo(stem), {
    ok: false,
    status: 408,
    error: String,
    body: { code: 'request_expired' },
  })
}
