// Listings at a door, those that wait among them: pure, with a storage of a few rows.

import t, { type Test } from 'tap'
import { Listings, type ListingsOptions } from '../../src/dispatch/listings.js'
import { Patience } from '../../src/dispatch/patience.js'
import type { Listing } from '../../src/dispatch/plans.js'
import { idOf } from '../../src/dispatch/recent.js'
import { Abandonment } from '../../src/fsqueue/abandonment.js'
import { type Answer, failureOf } from '../../src/protocol/envelope.js'
import { notFound } from '../../src/protocol/errors.js'
import type { FeedMessage, Page, PageQuery } from '../../src/storage/commands.js'
import { until } from '../support/waiting.js'

const SOON_MS = 20
const LONG_MS = 60_000

function message(id: number, fields: Partial<FeedMessage> = {}): FeedMessage {
  return { id, from: 'ann', to: null, channel: 'general', threadId: null, json: `{"id":${id}}`, ...fields }
}

const texts = (...ids: number[]) => ids.map((id) => `{"id":${id}}`)

/** A door whose storage holds messages 1 to `stored` of `general`; it has come to know the last of them. */
function open(
  t: Test,
  { stored = 0, page }: { stored?: number; page?: (query: PageQuery) => Promise<Page> } = {},
) {
  const asked: PageQuery[] = []
  /** The ids after which it wanted to be told of messages. */
  const subscribed: number[] = []
  const ids = Array.from({ length: stored }, (_, i) => i + 1)
  const listings = listingsOf({
    page: async (query) => {
      asked.push(query)
      if (page) return page(query)
      if (query.channels?.includes('nowhere')) throw notFound('no such channel')
      const items = texts(...ids.filter((id) => id > query.sinceId)).slice(0, query.limit)
      return { items, upToId: items.length < query.limit ? stored : idOf(items.at(-1) as string) }
    },
    subscribe: (afterId) => subscribed.push(afterId),
  })
  listings.connected(stored)
  t.teardown(() => listings.end())
  return { listings, asked, subscribed }
}

function listingsOf(storage: Omit<ListingsOptions['storage'], 'touch'>): Listings {
  return new Listings({
    storage: { ...storage, touch: () => {} },
    patience: new Patience({ present: async () => {} }),
    refusal: (error) => failureOf(error),
    onParked: () => {},
  })
}

async function ask(
  listings: Listings,
  fields: Partial<Listing> = {},
  abandonment = new Abandonment(),
): Promise<Omit<Page, 'isCut'>> {
  const { items, upToId } = await listings.rows(listingWith(fields), { ...REQUEST, abandonment })
  return { items, upToId }
}

function listingWith(fields: Partial<Listing>): Listing {
  return {
    filter: {},
    sinceId: 0,
    limit: 100,
    tail: false,
    timeoutMs: LONG_MS,
    touches: undefined,
    ...fields,
  }
}

const REQUEST = { method: 'GET', target: '/v1/events', parseBody: () => ({}), answer: () => {} }

t.test('what has come by is answered from here, in order, and goes on after it', async (t) => {
  const { listings, asked } = open(t)
  listings.published([message(1), message(2), message(3)])
  t.same(await ask(listings, { sinceId: 1 }), { items: texts(2, 3), upToId: 3 })
  t.same(
    await ask(listings, { limit: 2 }),
    { items: texts(1, 2), upToId: 2 },
    'after its last row at the limit',
  )
  t.equal(asked.length, 0)
})

t.test('what came before is read from the storage', async (t) => {
  const { listings } = open(t, { stored: 5 })
  t.same(await ask(listings, { sinceId: 3 }), { items: texts(4, 5), upToId: 5 })
  t.same(await ask(listings, { sinceId: 3, limit: 1 }), { items: texts(4), upToId: 4 })
})

t.test('before the storage was ever there, it is asked, however long that takes', async (t) => {
  const listings = listingsOf({
    page: async () => ({ items: texts(1), upToId: 1 }),
    subscribe: () => {},
  })
  t.teardown(() => listings.end())
  t.same(await ask(listings), { items: texts(1), upToId: 1 })
})

t.test('who does not wait asks the storage, which may know more', async (t) => {
  const { listings, asked } = open(t)
  t.same(await ask(listings, { timeoutMs: 0 }), { items: [], upToId: 0 })
  t.equal(asked.length, 1)
})

t.test('one message answers those who wait for it, and nobody else', async (t) => {
  const { listings, asked } = open(t)
  const [bob, cyd] = [
    ask(listings, { filter: { agentId: 'bob' } }),
    ask(listings, { filter: { agentId: 'cyd' } }),
  ]
  t.same(listings.agents(), ['bob', 'cyd'])
  listings.published([message(1, { to: 'bob' })])
  t.same(await bob, { items: texts(1), upToId: 1 })
  t.same(listings.agents(), ['cyd'])
  listings.published([message(2)])
  t.same(await cyd, { items: texts(2), upToId: 2 })
  t.equal(asked.length, 0)
})

t.test('who is woken finds here what came with it, however much came by before', async (t) => {
  const { listings, asked } = open(t, { page: async () => ({ items: texts(5_001), upToId: 5_001 }) })
  const rows = ask(listings, { limit: 1 })
  for (let id = 1; id <= 5_000; id++) listings.published([message(id, { to: 'cyd' })])
  listings.published([message(5_001), message(5_002)])
  t.same(await rows, { items: texts(5_001), upToId: 5_001 })
  t.equal(asked.length, 1, 'as it had waited for longer than messages are kept')
  t.same(await ask(listings, { sinceId: 5_001 }), { items: texts(5_002), upToId: 5_002 })
  t.equal(asked.length, 1)
})

t.test('a door is told of messages from its first reader on, and goes on where it was', async (t) => {
  const { listings, asked, subscribed } = open(t, { stored: 4_096 })
  t.equal(listings.cursor, null, 'a storage that came back would not have to tell it')
  const rows = ask(listings, { sinceId: 5_000 })
  const others = ask(listings, { sinceId: 5_000, filter: { agentId: 'bob' } })
  t.strictSame(subscribed, [4_096], 'once')
  listings.published(Array.from({ length: 904 }, (_, i) => message(4_097 + i)))
  t.equal(listings.parked, 2, 'nothing that they have not seen')
  listings.published([message(5_001)])
  for (const each of [rows, others]) t.same(await each, { items: texts(5_001), upToId: 5_001 })
  listings.connected(7_000)
  t.equal(listings.cursor, 5_001)
  t.equal(asked.length, 0)
})

t.test(
  'what a door was not told before its first reader is read, when there is too much of it',
  async (t) => {
    const { listings, subscribed } = open(t, { page: async () => ({ items: texts(9_000), upToId: 9_000 }) })
    const rows = ask(listings, { sinceId: 8_999 })
    t.strictSame(subscribed, [0])
    listings.skipped(9_000)
    t.same(await rows, { items: texts(9_000), upToId: 9_000 })
  },
)

t.test('nobody waits in a channel that does not exist; one that does is asked for once', async (t) => {
  const { listings, asked } = open(t)
  await t.rejects(ask(listings, { filter: { channels: ['nowhere'] } }), { code: 'not_found' })
  const fields = { filter: { channels: ['general'] }, timeoutMs: 1 }
  t.same(await ask(listings, fields), { items: [], upToId: 0 })
  t.same(await ask(listings, fields), { items: [], upToId: 0 })
  t.equal(asked.length, 2)
})

t.test('at its deadline a listing is empty, whatever others were told', async (t) => {
  const { listings } = open(t)
  const rows = ask(listings, { filter: { agentId: 'bob' }, timeoutMs: SOON_MS })
  listings.published([message(1, { to: 'cyd' })])
  t.same(await rows, { items: [], upToId: 0 })
  t.equal(listings.parked, 0)
})

t.test('who has gone waits no longer, and nobody is parked for who went before', async (t) => {
  const { listings } = open(t)
  const abandonment = new Abandonment()
  const rows = ask(listings, {}, abandonment)
  t.equal(listings.parked, 1)
  abandonment.happen()
  t.equal(listings.parked, 0)
  t.same(await rows, { items: [], upToId: 0 })
  t.same(await ask(listings, {}, abandonment), { items: [], upToId: 0 })
})

t.test('who goes between being woken and their turn does not hold up the others', async (t) => {
  const { listings } = open(t)
  const gone = new Abandonment()
  const answered: number[] = []
  const many = Array.from({ length: 1_100 }, (_, i) =>
    ask(listings, {}, i === 1_050 ? gone : undefined).finally(() => answered.push(i)),
  )
  listings.published([message(1)])
  await many[0]
  t.notOk(answered.includes(1_050), 'its turn has not come')
  gone.happen()
  for (const rows of await Promise.all(many)) t.same(rows, { items: texts(1), upToId: 1 })
})

t.test('what was committed without coming by is read', async (t) => {
  const { listings } = open(t, {
    page: async ({ sinceId }) => ({ items: sinceId < 7 ? texts(7) : [], upToId: 7 }),
  })
  const rows = ask(listings)
  listings.skipped(7)
  t.same(await rows, { items: texts(7), upToId: 7 })
})

t.test('a door that closes lets nobody wait, not even who was just reading', async (t) => {
  let read: (page: Page) => void = () => {}
  const { listings } = open(t, { page: () => new Promise<Page>((resolve) => (read = resolve)) })
  const waiting = ask(listings)
  const reading = ask(listings, { tail: true })
  listings.end()
  read({ items: [], upToId: 0 })
  t.same(await waiting, { items: [], upToId: 0 })
  t.same(await reading, { items: [], upToId: 0 })
  t.equal(listings.parked, 0)
})

t.test('a storage that stays away fails the listing', async (t) => {
  const { listings } = open(t, { page: () => Promise.reject(new Error('away')) })
  await t.rejects(ask(listings, { timeoutMs: 0 }), { message: 'away' })
})

t.test('a request is answered once: with all there is, or with why not', async (t) => {
  const { listings } = open(t)
  const answers: Answer[] = []
  const request = {
    ...REQUEST,
    abandonment: new Abandonment(),
    answer: (answer: Answer) => void answers.push(answer),
  }
  listings.answer(listingWith({}), request)
  listings.published([message(1)])
  listings.published([message(2)])
  t.same(answers, [{ status: 200, body: '{"ok":true,"result":[{"id":1}]}' }])
  listings.answer(listingWith({}), request)
  t.match(answers[1], { body: '{"ok":true,"result":[{"id":1},{"id":2}]}' })
  listings.answer(listingWith({ filter: { channels: ['nowhere'] } }), request)
  await until('the third answer', () => answers.length > 2)
  t.match(answers[2], { status: 404 })
  t.equal(answers.length, 3)
})
