// Which requests the SDK sends again when the way to the hub fails, and under which key. The policy by
// itself, and against real servers that drop, refuse and say 503.

import t from 'tap'
import { ArcError } from '../../src/protocol/errors.js'
import { HttpTransport } from '../../src/sdk/http-transport.js'
import { Requester } from '../../src/sdk/requester.js'
import { backoffMs, decide, type Tried } from '../../src/sdk/retry.js'
import type { Transport } from '../../src/sdk/transport.js'
import { steadyPort } from '../support/ports.js'
import { client, failure } from './clients.js'
import { type Exchange, message, OUR_HUB, REFERENCE_HUB, scriptedHub } from './scripted-hub.js'

t.test('the back-off doubles from 50 ms to one second, and is at least half of that', async (t) => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 100].map((failures) => backoffMs(failures, () => 1))
  t.same(longest, [50, 100, 200, 400, 800, 1_000, 1_000, 1_000])
  t.equal(
    backoffMs(3, () => 0),
    100,
  )
})

t.test('the policy', async (t) => {
  const tried = (fields: Partial<Tried>): Tried => ({
    method: 'POST',
    failures: 1,
    maybeDone: false,
    hubReplays: undefined,
    sinceFirstFailureMs: 0,
    retryForMs: 5_000,
    ...fields,
  })
  const next = (code: string, fields: Partial<Tried>) =>
    decide(new ArcError(code, ''), tried(fields), () => 1)

  t.test('repeats a GET that was lost, and one that got 503', async (t) => {
    t.equal(next('unavailable', { method: 'GET' }).next, 'retry')
    const uncoded = new ArcError('http_503', '', { status: 503 })
    t.equal(decide(uncoded, tried({ method: 'GET' })).next, 'retry')
  })
  t.test('repeats a refused POST without asking, since nothing was sent', async (t) => {
    t.equal(next('no_hub', {}).next, 'retry')
    t.equal(next('no_hub', { hubReplays: false }).next, 'retry')
  })
  t.test('does not take a refusal for harmless when an earlier try was lost', async (t) => {
    t.equal(next('no_hub', { maybeDone: true }).next, 'ask')
    t.equal(next('no_hub', { maybeDone: true, hubReplays: false }).next, 'give_up')
  })
  t.test('repeats a lost POST or DELETE only where the hub replays', async (t) => {
    for (const method of ['POST', 'DELETE'] as const) {
      t.equal(next('outcome_unknown', { method, hubReplays: true }).next, 'retry')
      t.equal(next('outcome_unknown', { method, hubReplays: false }).next, 'give_up')
      t.equal(next('outcome_unknown', { method }).next, 'ask')
    }
  })
  t.test('never repeats what was refused, garbled or aborted', async (t) => {
    for (const code of [
      'invalid_request',
      'not_found',
      'session_exists',
      'internal',
      'bad_answer',
      'aborted',
    ]) {
      t.equal(next(code, { method: 'GET', hubReplays: true }).next, 'give_up', code)
    }
  })
  t.test('repeats a GET that timed out only if it is to go on for ever', async (t) => {
    t.equal(next('timeout', { method: 'GET' }).next, 'give_up')
    t.equal(next('timeout', { method: 'GET', retryForMs: Infinity }).next, 'retry')
    t.equal(next('timeout', { retryForMs: Infinity, hubReplays: true }).next, 'give_up')
  })
  t.test('ends with its time, the last try at the very end of it', async (t) => {
    t.same(next('unavailable', { method: 'GET', sinceFirstFailureMs: 4_980 }), { next: 'retry', delayMs: 20 })
    t.equal(next('unavailable', { method: 'GET', sinceFirstFailureMs: 5_000 }).next, 'give_up')
    t.equal(next('unavailable', { method: 'GET', retryForMs: 0 }).next, 'give_up')
  })
  t.test('waits as long as Retry-After says, or gives up when that is too long', async (t) => {
    t.same(next('unavailable', { method: 'GET', retryAfterSec: 2 }), { next: 'retry', delayMs: 2_000 })
    t.equal(next('unavailable', { method: 'GET', retryAfterSec: 6 }).next, 'give_up')
  })
})

t.test('a post whose answer was lost is sent again under the same key, where the hub replays', async (t) => {
  const hub = await scriptedHub(t, (x) => {
    if (x.path === '/v1/hub-info') return x.ok(OUR_HUB)
    if (x.nth === 1) return x.drop()
    x.ok(message(7))
  })
  const posted = await client(t, hub.url).post('hello')
  t.equal(posted.id, 7)
  const [first, second] = hub.of('POST /v1/messages')
  t.match(first?.key, /^[A-Za-z0-9_-]{1,128}$/)
  t.equal(second?.key, first?.key)
  t.same(second?.body, first?.body)
})

t.test('every call has a key of its own', async (t) => {
  const hub = await scriptedHub(t, (x) => x.ok(message(1)))
  const me = client(t, hub.url)
  await me.post('one')
  await me.post('two')
  const keys = hub.of('POST /v1/messages').map((one) => one.key)
  t.equal(new Set(keys).size, 2)
})

t.test('a lost post is not sent again where the hub does not replay: its outcome is unknown', async (t) => {
  const hub = await scriptedHub(t, (x) => (x.path === '/v1/hub-info' ? x.ok(REFERENCE_HUB) : x.drop()))
  const error = await failure(client(t, hub.url).post('hello'))
  t.equal(error.code, 'outcome_unknown')
  t.match(error.message, /may or may not have been done/)
  t.equal(hub.of('POST /v1/messages').length, 1)
})

t.test('whether the hub replays is asked after the first failure, and only once', async (t) => {
  const hub = await scriptedHub(t, (x) => {
    if (x.path === '/v1/hub-info') return x.ok(OUR_HUB)
    if (x.nth % 2 === 1) return x.drop()
    x.ok(message(x.nth))
  })
  const me = client(t, hub.url)
  await me.listChannels().catch(() => {})
  t.equal(hub.of('GET /v1/hub-info').length, 0)
  await me.post('one')
  await me.post('two')
  t.equal(hub.of('POST /v1/messages').length, 4)
  t.equal(hub.of('GET /v1/hub-info').length, 1)
})

t.test('what another instance announced does not count', async (t) => {
  const replaying = { 'x-arc-instance': 'mh1-a' }
  const plain = { 'x-arc-instance': 'mh1-b' }
  const hub = await scriptedHub(t, (x) => {
    if (x.path === '/v1/hub-info') return x.nth === 1 ? x.ok(OUR_HUB, replaying) : x.ok(REFERENCE_HUB, plain)
    if (x.path === '/v1/channels') return x.ok([], plain)
    x.drop()
  })
  const me = client(t, hub.url)
  await me.hubInfo()
  await me.listChannels()
  t.equal((await failure(me.post('hello'))).code, 'outcome_unknown')
  t.equal(hub.of('POST /v1/messages').length, 1)
})

t.test('a delete is repeated like a post', async (t) => {
  const hub = await scriptedHub(t, (x) => {
    if (x.path === '/v1/hub-info') return x.ok(OUR_HUB)
    if (x.nth === 1) return x.drop()
    x.ok({})
  })
  const transport = new HttpTransport({ baseUrl: hub.url, connectTimeoutSec: 1 })
  t.teardown(() => transport.close())
  const closing = new AbortController().signal
  const requester = new Requester(transport, { timeoutSec: 1, retryForSec: 5, closing })
  await requester.send({ method: 'DELETE', path: '/v1/sessions/x' })
  const [first, second] = hub.of('DELETE /v1/sessions/x')
  t.ok(first?.key)
  t.equal(second?.key, first?.key)
})

t.test('a lost GET is repeated, with neither key nor question', async (t) => {
  const hub = await scriptedHub(t, (x) => (x.nth < 3 ? x.drop() : x.ok([])))
  t.same(await client(t, hub.url).listChannels(), [])
  t.same(
    hub.seen.map((one) => [one.path, one.key]),
    Array(3).fill(['/v1/channels', undefined]),
  )
})

t.test('a GET that is lost for good is unavailable, not of unknown outcome', async (t) => {
  const hub = await scriptedHub(t, (x) => x.drop())
  const error = await failure(client(t, hub.url, { retryFor: 0.2 }).listChannels())
  t.equal(error.code, 'unavailable')
  t.ok(hub.seen.length > 1)
})

t.test('a GET that got 503 is repeated after the time in Retry-After', async (t) => {
  const at: number[] = []
  const hub = await scriptedHub(t, (x) => {
    at.push(performance.now())
    if (x.nth === 1)
      return x.fail(503, { error: 'storage restarts', code: 'unavailable' }, { 'retry-after': '1' })
    x.ok([])
  })
  t.same(await client(t, hub.url).listChannels(), [])
  t.ok((at[1] ?? 0) - (at[0] ?? 0) >= 990)
})

t.test('a 503 that stays comes through as the hub said it', async (t) => {
  const hub = await scriptedHub(t, (x) => x.fail(503, { error: 'storage restarts', code: 'unavailable' }))
  const error = await failure(client(t, hub.url, { retryFor: 0.2 }).listChannels())
  t.match(error, { code: 'unavailable', status: 503, message: 'storage restarts' })
  t.ok(hub.seen.length > 1)
})

t.test('a post that got 503 is repeated only where the hub replays', async (t) => {
  for (const [features, tries] of [
    [OUR_HUB, 2],
    [REFERENCE_HUB, 1],
  ] as const) {
    const hub = await scriptedHub(t, (x) => {
      if (x.path === '/v1/hub-info') return x.ok(features)
      if (x.nth === 1) return x.fail(503, { error: 'storage restarts' })
      x.ok(message(1))
    })
    const outcome = await client(t, hub.url)
      .post('hello')
      .then(
        (posted) => posted.id,
        (error: ArcError) => [error.code, error.status],
      )
    t.same(outcome, tries === 2 ? 1 : ['http_503', 503])
    t.equal(hub.of('POST /v1/messages').length, tries)
  }
})

t.test('what the hub refuses is never repeated, and comes with its text, status and code', async (t) => {
  const hub = await scriptedHub(t, (x) => {
    if (x.path === '/v1/channels') return x.fail(404, { error: 'no such thing' })
    x.fail(409, { error: 'me has an active session', code: 'session_exists' })
  })
  const me = client(t, hub.url)
  t.match(await failure(me.listChannels()), { code: 'http_404', status: 404, message: 'no such thing' })
  t.match(await failure(me.register()), {
    code: 'session_exists',
    status: 409,
    message: 'me has an active session',
  })
  t.equal(hub.seen.length, 2)
})

t.test('a post that was refused a connection waits for the hub to come up', async (t) => {
  const port = await steadyPort()
  const http = new HttpTransport({ baseUrl: `http://127.0.0.1:${port}`, connectTimeoutSec: 1 })
  const refused: string[] = []
  const transport: Transport = {
    close: () => http.close(),
    request: async (request) => {
      try {
        return await http.request(request)
      } catch (error) {
        refused.push((error as ArcError).code)
        // The hub starts only after the first try has failed for certain.
        if (refused.length === 1) await scriptedHub(t, (x) => x.ok(message(3)), port)
        throw error
      }
    },
  }
  const me = client(t, '', { transport })
  t.equal((await me.post('hello')).id, 3)
  t.same(refused, ['no_hub'])
})

t.test('a post that was lost and then refused is of unknown outcome, not unsent', async (t) => {
  for (const isKnownToReplay of [false, true]) {
    const hub = await scriptedHub(t, (x) => {
      if (x.path === '/v1/hub-info') return x.ok(OUR_HUB)
      x.drop()
      void hub.stop()
    })
    const me = client(t, hub.url, { retryFor: 0.3 })
    if (isKnownToReplay) await me.hubInfo()
    t.equal((await failure(me.post('hello'))).code, 'outcome_unknown')
  }
})

t.test(
  'a post on a reused socket that the server closes at that moment is repeated under its key',
  async (t) => {
    const used = new Set<object>()
    let dropped: Exchange | undefined
    const hub = await scriptedHub(t, (x) => {
      if (x.path === '/v1/hub-info') return x.ok(OUR_HUB)
      if (used.has(x.socket) && !dropped) {
        dropped = x
        return x.drop()
      }
      used.add(x.socket)
      x.ok(message(x.nth))
    })
    const me = client(t, hub.url)
    for (let posts = 1; posts <= 10; posts++) await me.post(`post ${posts}`)
    t.ok(dropped, 'a socket was reused')
    t.equal(hub.of('POST /v1/messages').length, 11)
    t.equal(hub.of('POST /v1/messages').filter((one) => one.key === dropped?.key).length, 2)
  },
)

t.test('an abort rejects at once between two tries', async (t) => {
  const hub = await scriptedHub(t, (x) => x.fail(503, { error: 'busy' }, { 'retry-after': '4' }))
  const controller = new AbortController()
  const started = performance.now()
  const listing = failure(client(t, hub.url).listChannels({ signal: controller.signal }))
  await hub.until(() => hub.seen.length === 1)
  setTimeout(() => controller.abort(), 50)
  t.equal((await listing).code, 'aborted')
  t.ok(performance.now() - started < 2_000)
})
