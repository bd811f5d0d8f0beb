// How the SDK reads the feed through outages, restarts and resets of the hub. Against a scripted server,
// since a real hub cannot be told when to fail.

import t from 'tap'
import { ArcClient, type Message, type Transport } from '../../src/sdk/index.js'
import { client } from './clients.js'
import { message, rows, scriptedHub } from './scripted-hub.js'

const A = { 'x-arc-instance': 'mh1-a' }
const B = { 'x-arc-instance': 'mh1-b' }

const isPoll = (x: { query: URLSearchParams }) => x.query.has('timeout')

async function take(feed: AsyncIterableIterator<Message>, count: number): Promise<number[]> {
  const ids: number[] = []
  while (ids.length < count) {
    const { value, done } = await feed.next()
    if (done) break
    ids.push(value.id)
  }
  return ids
}

t.test('a poll waits at least five seconds longer than the hub', async (t) => {
  const waits: number[] = []
  const transport: Transport = {
    close: async () => {},
    request: async ({ path, timeoutSec }) => {
      waits.push(timeoutSec - Number(new URL(path, 'http://hub').searchParams.get('timeout')))
      return { status: 200, envelope: { ok: true, result: [message(1)] } }
    },
  }
  await new ArcClient('me', { transport, timeout: 1 }).poll({ timeout: 30 })
  await new ArcClient('me', { transport, timeout: 20 }).poll({ timeout: 0.5 })
  t.same(waits, [5, 20])
})

t.test('a poll that was lost looks before it waits again', async (t) => {
  const hub = await scriptedHub(t, (x) => {
    if (x.nth === 1) return x.drop()
    x.ok(isPoll(x) ? [message(5)] : [])
  })
  const got = await client(t, hub.url).poll({ timeout: 20 })
  t.same(
    got.map((row) => row.id),
    [5],
  )
  t.same(hub.seen.map(isPoll), [true, false, true])
})

t.test('a poll with retryFor 0 fails with the first lost connection', async (t) => {
  const hub = await scriptedHub(t, (x) => x.drop())
  await t.rejects(client(t, hub.url, { retryFor: 0 }).poll({ timeout: 20 }), { code: 'unavailable' })
  t.equal(hub.seen.length, 1)
})

t.test('a hub that answers polls early with nothing is not asked in a spin', async (t) => {
  const hub = await scriptedHub(t, (x) => x.ok([]))
  t.same(await client(t, hub.url).poll({ timeout: 1 }), [])
  t.ok(hub.seen.length <= 10, `${hub.seen.length} requests`)
})

t.test('a poll longer than the hub allows is made of several', async (t) => {
  const asked: number[] = []
  const hub = await scriptedHub(t, (x) => {
    asked.push(Number(x.query.get('timeout')))
    x.ok(x.nth === 1 ? [] : [message(1)])
  })
  await client(t, hub.url).poll({ timeout: 90 })
  t.equal(asked[0], 60)
})

t.test('after a reset the poll cursor begins at 0, and what the old cursor would skip is read', async (t) => {
  let instance = A
  let stored = [message(500)]
  const hub = await scriptedHub(t, (x) => x.ok(rows(x, stored), instance))
  const me = client(t, hub.url)
  await me.poll({ timeout: 0 })
  instance = B
  stored = [message(1), message(2)]
  const again = await me.poll({ timeout: 0 })
  t.same(
    again.map((row) => row.id),
    [1, 2],
  )
  t.same(await me.poll({ timeout: 0 }), [])
})

t.test('a reset that another call noticed resets the poll cursor before the next poll', async (t) => {
  let instance = A
  const hub = await scriptedHub(t, (x) =>
    x.ok(x.path === '/v1/channels' ? [] : rows(x, [message(9)]), instance),
  )
  const me = client(t, hub.url)
  await me.poll({ timeout: 0 })
  instance = B
  await me.listChannels()
  await me.poll({ timeout: 0 })
  t.same(
    hub.of('GET /v1/events').map((one) => one.query.get('since_id')),
    ['0', '0'],
  )
})

t.test('the live feed goes on where it was when the hub comes back', async (t) => {
  const stored = [message(1), message(2)]
  const first = await scriptedHub(t, (x) =>
    rows(x, stored).length > 0 ? x.ok(rows(x, stored), A) : undefined,
  )
  const feed = client(t, first.url).messages({ sinceId: 0 })
  t.same(await take(feed, 2), [1, 2])
  const third = take(feed, 1)
  await first.until(() => first.seen.length === 2)
  await first.stop()
  stored.push(message(3))
  const second = await scriptedHub(t, (x) => x.ok(rows(x, stored), A), first.port)
  t.same(await third, [3])
  t.equal(second.seen[0]?.query.get('since_id'), '2')
  await feed.return?.()
})

t.test('the live feed outlives an outage longer than retryFor', async (t) => {
  let failures = 0
  const hub = await scriptedHub(t, (x) => {
    if (failures++ < 5) return x.drop()
    x.ok([message(1)], A)
  })
  const feed = client(t, hub.url, { retryFor: 0 }).messages({ sinceId: 0 })
  t.same(await take(feed, 1), [1])
  await feed.return?.()
})

t.test('the live feed begins at 0 again when the hub was reset', async (t) => {
  let instance = A
  let stored = [message(700)]
  const hub = await scriptedHub(t, (x) => {
    if (x.path.startsWith('/v1/bootstrap')) return x.ok({ latest_visible_id: 699 }, instance)
    x.ok(rows(x, stored), instance)
  })
  const feed = client(t, hub.url).messages()
  t.same(await take(feed, 1), [700])
  instance = B
  stored = [message(1), message(2)]
  t.same(await take(feed, 2), [1, 2])
  await feed.return?.()
})

t.test('the live feed throws what will not pass by itself', async (t) => {
  const hub = await scriptedHub(t, (x) =>
    x.fail(404, { error: 'channel nowhere does not exist', code: 'not_found' }),
  )
  const feed = client(t, hub.url).messages({ channel: 'nowhere', sinceId: 0 })
  await t.rejects(feed.next(), { code: 'not_found' })
  t.same(await feed.next(), { done: true, value: undefined })
})

t.test('leaving the live feed ends a long-poll under way', async (t) => {
  const hub = await scriptedHub(t, () => {})
  const feed = client(t, hub.url).messages({ sinceId: 0 })
  const next = feed.next()
  await hub.until(() => hub.seen.length === 1)
  await feed.return?.()
  t.same(await next, { done: true, value: undefined })
})

t.test('closing the client ends its live feeds without an error', async (t) => {
  const hub = await scriptedHub(t, () => {})
  const me = client(t, hub.url)
  const next = me.messages({ sinceId: 0 }).next()
  await hub.until(() => hub.seen.length === 1)
  await me.close()
  t.same(await next, { done: true, value: undefined })
})

t.test('a message of an unknown kind is kept', async (t) => {
  const hub = await scriptedHub(t, (x) => x.ok([message(1, { kind: 'telepathy' })]))
  const [only] = await client(t, hub.url).poll({ timeout: 0 })
  t.equal(only?.kind, 'telepathy')
})
