// Planning a request: pure, with no threads and no sockets. What each route asks of its input is in test/conformance.

import t from 'tap'
import { Routes } from '../../src/dispatch/routes.js'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.js'

const BODIES: Readonly<Record<string, Record<string, unknown>>> = {
  '/v1/messages': { from_agent: 'ann', body: 'hi', attachments: [{ type: 'text', content: 'a' }] },
  '/v1/sessions': { agent_id: 'ann' },
  '/v1/channels': { name: 'design' },
  '/v1/claims': { claim_key: 'k', owner_agent_id: 'ann' },
  '/v1/locks': { file_path: 'a.ts', agent_id: 'ann' },
}

t.test('a path that ends where a name belongs is not that of the list', (t) => {
  const routes = new Routes({ limits: DEFAULT_LIMITS, listenHost: '127.0.0.1' })
  for (const path of ['/v1/threads/', '/v1/messages/', '/v1/claims/?active_only=1', '/v1/']) {
    for (const method of ['GET', 'POST']) {
      t.throws(() => routes.plan(method, path, {}), { code: 'not_found' }, path)
    }
  }
  t.strictSame(routes.methodsAt('/v1/threads/'), [])
  t.end()
})

t.test('a body is left as it was: a request may be planned again', async (t) => {
  const routes = new Routes({ limits: DEFAULT_LIMITS, listenHost: '127.0.0.1' })
  for (const [path, fields] of Object.entries(BODIES)) {
    const body = { ...fields, metadata: { deep: [1] } }
    const before = structuredClone(body)
    const plan = routes.plan('POST', path, body)
    t.match(plan, { kind: 'command', submission: { command: { input: { metadata: '{"deep":[1]}' } } } }, path)
    t.strictSame(body, before, path)
    t.strictSame(routes.plan('POST', path, body), plan, path)
  }
})
