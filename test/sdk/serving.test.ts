// `call` and `serve` through outages and resets of the hub, each result posted once. Against a scripted
// server, since a real hub cannot be told when to fail.

import t, { type Test } from 'tap'
import type { ClientOptions } from '../../src/sdk/index.js'
import { client, failure } from './clients.js'
import { type Exchange, message, OUR_HUB, REFERENCE_HUB, rows, scriptedHub } from './scripted-hub.js'

const A = { 'x-arc-instance': 'mh1-a' }
const B = { 'x-arc-instance': 'mh1-b' }

t.test('a call waits out an outage of the hub', async (t) => {
  const hub = await scriptedHub(t, (x) => {
    if (x.method === 'POST') return x.ok(message(4, { kind: 'task_request' }), A)
    if (x.nth < 4) return x.drop()
    x.ok([message(5, { kind: 'task_result', reply_to: 4 })], A)
  })
  const result = await client(t, hub.url, { retryFor: 0 }).call('other', 'do it', { timeout: 20 })
  t.equal(result.id, 5)
})

t.test('a call whose hub was reset fails, rather than take the result of another request', async (t) => {
  const hub = await scriptedHub(t, (x) => {
    if (x.method === 'POST') return x.ok(message(4, { kind: 'task_request' }), A)
    x.ok([message(5, { kind: 'task_result', reply_to: 4 })], B)
  })
  await t.rejects(client(t, hub.url).call('other', 'do it', { timeout: 20 }), {
    code: 'not_found',
    message: /reset/,
  })
})

t.test('a call that could not even be posted in time says so', async (t) => {
  const hub = await scriptedHub(t, () => {})
  const error = await failure(client(t, hub.url).call('other', 'do it', { timeout: 0.2 }))
  t.match(error, { code: 'timeout', message: /could not be confirmed/ })
})

/** Serving one request (id 4) against a hub that behaves as `onResult` says when the result is posted. */
async function serveOnce(
  t: Test,
  features: { features: string[] },
  onResult: (x: Exchange, done: () => void) => void,
  options: ClientOptions = {},
) {
  const request = message(4, { kind: 'task_request', to_agent: 'me' })
  let isOpen = true
  const finished = new AbortController()
  const hub = await scriptedHub(t, (x) => {
    if (x.path.startsWith('/v1/bootstrap')) return x.ok({ latest_visible_id: 3 }, A)
    if (x.path.startsWith('/v1/tasks')) return x.ok(isOpen ? [{ task_id: 4 }] : [], A)
    if (x.path.startsWith('/v1/events')) return rows(x, [request]).length > 0 ? x.ok([request], A) : undefined
    if (x.path.startsWith('/v1/hub-info')) return x.ok(features, A)
    onResult(x, () => {
      isOpen = false
    })
    if (!isOpen) finished.abort()
  })
  let handled = 0
  const handler = () => {
    handled++
    return 'done'
  }
  const me = client(t, hub.url, options)
  return {
    hub,
    finished: finished.signal,
    serve: (signal: AbortSignal) => me.serve(handler, { signal }),
    times: () => handled,
  }
}

t.test('a result whose answer was lost is posted again under one key until the hub has it', async (t) => {
  const { hub, serve, finished, times } = await serveOnce(t, OUR_HUB, (x, done) => {
    if (x.nth < 3) return x.drop()
    done()
    x.ok(message(5), A)
  })
  await serve(finished)
  const results = hub.of('POST /v1/messages')
  t.equal(results.length, 3)
  t.equal(new Set(results.map((one) => one.key)).size, 1)
  t.equal(times(), 1)
})

t.test('a result that the hub took too long to confirm is posted again under the same key', async (t) => {
  const { hub, serve, finished } = await serveOnce(
    t,
    OUR_HUB,
    (x, done) => {
      if (x.nth === 1) return
      done()
      x.ok(message(5), A)
    },
    { timeout: 0.5 },
  )
  await serve(finished)
  const results = hub.of('POST /v1/messages')
  t.equal(results.length, 2)
  t.equal(results[1]?.key, results[0]?.key)
})

t.test(
  'where the hub does not replay, a lost result is posted again only while its task is open',
  async (t) => {
    const stop = new AbortController()
    const { hub, serve, times } = await serveOnce(t, REFERENCE_HUB, (x, done) => {
      if (x.nth === 2) done()
      x.drop()
    })
    const serving = serve(stop.signal)
    // The first loss leaves the task open, the second comes after the hub has closed it: one look each.
    await hub.until(() => hub.of('GET /v1/tasks').length === 3)
    stop.abort()
    await serving
    t.equal(hub.of('POST /v1/messages').length, 2)
    t.equal(times(), 1)
  },
)

t.test('a result that the hub refuses is replaced by one that says why', async (t) => {
  const { hub, serve, finished } = await serveOnce(t, OUR_HUB, (x, done) => {
    if (x.nth === 1)
      return x.fail(400, { error: 'body must be at most 10 characters', code: 'invalid_request' }, A)
    done()
    x.ok(message(5), A)
  })
  await serve(finished)
  t.match(hub.of('POST /v1/messages')[1]?.body, {
    kind: 'task_result',
    reply_to: 4,
    to_agent: 'other',
    body: 'body must be at most 10 characters',
    metadata: { error: true },
  })
})

t.test('the answer to a request of a state that was reset meanwhile is dropped', async (t) => {
  let instance = A
  const request = message(4, { kind: 'task_request', to_agent: 'me' })
  const hub = await scriptedHub(t, (x) => {
    if (x.path.startsWith('/v1/bootstrap'))
      return x.ok({ latest_visible_id: instance === A ? 3 : 0 }, instance)
    if (x.path.startsWith('/v1/tasks')) return x.ok([], instance)
    if (x.path.startsWith('/v1/channels')) return x.ok([], instance)
    if (x.path.startsWith('/v1/events') && instance === A && rows(x, [request]).length > 0)
      return x.ok([request], A)
    if (x.method === 'POST') return x.ok(message(5), instance)
  })
  const me = client(t, hub.url)
  const stop = new AbortController()
  let handled: () => void = () => {}
  const wasHandled = new Promise<void>((resolve) => {
    handled = resolve
  })
  const serving = me.serve(
    async () => {
      instance = B
      await me.listChannels()
      setImmediate(handled)
      return 'too late'
    },
    { signal: stop.signal },
  )
  await wasHandled
  await me.listChannels()
  stop.abort()
  await serving
  t.equal(hub.of('POST /v1/messages').length, 0)
})

t.test('serve rejects with what will not pass by itself', async (t) => {
  const hub = await scriptedHub(t, (x) => x.fail(400, { error: 'no', code: 'invalid_request' }))
  await t.rejects(
    client(t, hub.url).serve(() => 'done'),
    { code: 'invalid_request' },
  )
  await t.rejects(
    client(t, hub.url).serve(() => 'done', { concurrency: 0 }),
    { code: 'invalid_request' },
  )
})
