// Another process holds the database's write lock. What reads is answered as if nothing were; what writes waits for a
// while, then is refused, and nothing of it has happened.

import t from 'tap'
import { Calls, resultOf } from '../support/calls.js'
import { startTestHub } from '../support/hub.js'
import { reportOf, startScript } from '../support/processes.js'
import { until } from '../support/waiting.js'

const LOCK_HOLDER = new URL('./lock-holder.js', import.meta.url)
const READS = [
  '/v1/agents',
  '/v1/bootstrap?agent_id=ann',
  '/v1/messages?channel=general',
  '/v1/events?agent_id=ann',
  '/v1/inbox/ann',
  '/v1/threads',
  '/v1/claims',
  '/v1/tasks',
  '/v1/status',
]

t.test('reads never wait for a writer, and writes are done when it has ended, or refused', async (t) => {
  const hub = await startTestHub(t)
  const calls = new Calls(t, hub.url)
  await calls.post('/v1/sessions', { agent_id: 'ann' })
  const holder = startScript(t, LOCK_HOLDER, [hub.storagePath])
  await reportOf(holder)

  let settled = 0
  const posts = ['a', 'b'].map(async (body) => {
    const { status } = await calls.post('/v1/messages', { from_agent: 'ann', body })
    settled++
    return status
  })
  const slowest = { path: '', ms: 0 }
  for (let round = 0; round < 3; round++) {
    for (const path of READS) {
      const startedAt = performance.now()
      t.equal((await calls.get(path)).status, 200, path)
      const ms = performance.now() - startedAt
      if (ms > slowest.ms) Object.assign(slowest, { path, ms })
    }
  }
  t.comment(`slowest read: ${slowest.path} ${Math.round(slowest.ms)} ms`)
  t.equal(settled, 0, 'all reads were answered while the posts waited')

  await until('the posts to be refused', () => settled === 2)
  t.strictSame(await Promise.all(posts), [503, 503])
  await holder.end('SIGKILL')
  await until('the storage to be free', async () => {
    return (await calls.post('/v1/messages', { from_agent: 'ann', body: 'c' })).status === 201
  })
  const bodies = (await calls.everythingIn('general')).map(({ body }) => body)
  t.strictSame(bodies, ['c'], 'nothing of what was refused has happened')
  t.equal(resultOf(await calls.get<unknown[]>('/v1/agents')).length, 1)
})
