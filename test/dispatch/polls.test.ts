// Listings at a door, those that wait among them: pure, with a storage of a few rows.

import t, { type Test } from 'tap'
import { Polls } from '../../src/dispatch/polls.js'
import { idOf } from '../../src/dispatch/recent.js'
import type { Poll } from '../../src/dispatch/routes.js'
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
  /** What it wants to be told of: what comes after an id, or nothing. */
  const told: (number | 'nothing')[] = []
  const ids = Array.from({ length: stored }, (_, i) => i + 1)
  const polls = new Polls({
    page: async (query) => {
      asked.push(query)
      if (page) return page(query)
      if (query.channels?.includes('nowhere')) throw notFound('no such channel')
      const items = texts(...ids.filter((id) => id > query.sinceId)).slice(0, query.limit)
      return { items, upToId: items.length < query.limit ? stored : idOf(items.at(-1) as string) }
    },
    touch: () => {},
    subscribe: (afterId) => told.push(afterId),
    unsubscribe: () => told.push('nothing'),
    refusal: (error) => failureOf(error),
    presenceTtlSec: 60,
  })
  polls.connected(stored)
  t.teardown(() => polls.end())
  return { polls, asked, told }
}

async function ask(
  polls: Polls,
  fields: Partial<Poll> = {},
  abandonment = new Abandonment(),
): Promise<Omit<Page, 'isCut'>> {
  const { items, upToId } = await polls.rows(pollWith(fields), { ...REQUEST, abandonment })
  return { items, upToId }
}

function pollWith(fields: Partial<Poll>): Poll {
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

const REQUEST = { method: 'GET', target: '/v1/events', body: {}, answer: () => {} }

t.test('what has come by is answered from here, in order, and goes on after it', async (t) => {
  const { polls, asked } = open(t)
  polls.published([message(1), message(2), message(3)])
  t.same(await ask(polls, { sinceId: 1 }), { items: texts(2, 3), upToId: 3 })
  t.same(await ask(polls, { limit: 2 }), { items: texts(1, 2), upToId: 2 }, 'after its last row at the limit')
  t.equal(asked.length, 0)
})

t.test('what came before is read from the storage', async (t) => {
  const { polls } = open(t, { stored: 5 })
  t.same(await ask(polls, { sinceId: 3 }), { items: texts(4, 5), upToId: 5 })
  t.same(await ask(polls, { sinceId: 3, limit: 1 }), { items: texts(4), upToId: 4 })
})

t.test('before the storage was ever there, it is asked, however long that takes', async (t) => {
  const polls = new Polls({
    page: async () => ({ items: texts(1), upToId: 1 }),
    touch: () => {},
    subscribe: () => {},
    unsubscribe: () => {},
    refusal: (error) => failureOf(error),
    presenceTtlSec: 60,
  })
  t.teardown(() => polls.end())
  t.same(await ask(polls), { items: texts(1), upToId: 1 })
})

t.test('who does not wait asks the storage, which may know more', async (t) => {
  const { polls, asked } = open(t)
  t.same(await ask(polls, { timeoutMs: 0 }), { items: [], upToId: 0 })
  t.equal(asked.length, 1)
})

t.test('one message answers those who wait for it, and nobody else', async (t) => {
  const { polls, asked } = open(t)
  const [bob, cyd] = [ask(polls, { filter: { agentId: 'bob' } }), ask(polls, { filter: { agentId: 'cyd' } })]
  t.same(polls.agents(), ['bob', 'cyd'])
  polls.published([message(1, { to: 'bob' })])
  t.same(await bob, { items: texts(1), upToId: 1 })
  t.same(polls.agents(), ['cyd'])
  polls.published([message(2)])
  t.same(await cyd, { items: texts(2), upToId: 2 })
  t.equal(asked.length, 0)
})

t.test('who is woken finds here what came with it, however much nobody read before', async (t) => {
  const { polls, asked } = open(t, { page: async () => ({ items: texts(5_001), upToId: 5_001 }) })
  const rows = ask(polls, { limit: 1 })
  for (let id = 1; id <= 5_000; id++) polls.published([message(id, { to: 'cyd' })])
  polls.published([message(5_001), message(5_002)])
  t.same(await rows, { items: texts(5_001), upToId: 5_001 })
  t.equal(asked.length, 1, 'as it had waited for longer than messages are kept')
  t.same(await ask(polls, { sinceId: 5_001 }), { items: texts(5_002), upToId: 5_002 })
  t.equal(asked.length, 1)
})

t.test('a door where nobody reads wants to be told of nothing, until somebody comes', async (t) => {
  const { polls, asked, told } = open(t)
  for (let id = 1; id <= 4_096; id++) {
    t.strictSame(told, [])
    polls.published([message(id)])
  }
  t.strictSame(told, ['nothing'])
  polls.published([message(4_097)]) // was on its way
  t.strictSame(told, ['nothing', 'nothing'])
  const rows = ask(polls, { sinceId: 5_000 })
  const others = ask(polls, { sinceId: 5_000, filter: { agentId: 'bob' } })
  t.strictSame(told, ['nothing', 'nothing', 4_097], 'once')
  polls.published(Array.from({ length: 903 }, (_, i) => message(4_098 + i)))
  t.equal(polls.waiting, 2, 'nothing that they have not seen')
  polls.published([message(5_001)])
  for (const each of [rows, others]) t.same(await each, { items: texts(5_001), upToId: 5_001 })
  t.equal(asked.length, 0)
})

t.test('what a door has not been told is read, when there is too much of it', async (t) => {
  const { polls, told } = open(t, { page: async () => ({ items: texts(9_000), upToId: 9_000 }) })
  for (let id = 1; id <= 4_096; id++) polls.published([message(id)])
  const rows = ask(polls, { sinceId: 8_999 })
  t.strictSame(told, ['nothing', 4_096])
  polls.skipped(9_000)
  t.same(await rows, { items: texts(9_000), upToId: 9_000 })
})

t.test('a storage that comes back tells a door again', async (t) => {
  const { polls, told } = open(t)
  for (let id = 1; id <= 4_096; id++) polls.published([message(id)])
  polls.connected(7_000)
  t.equal(polls.latestId, 4_096, 'from where it was')
  const rows = ask(polls, { sinceId: 4_096 })
  t.strictSame(told, ['nothing'])
  polls.published([message(4_097)])
  t.same(await rows, { items: texts(4_097), upToId: 4_097 })
})

t.test('nobody waits in a channel that does not exist; one that does is asked for once', async (t) => {
  const { polls, asked } = open(t)
  await t.rejects(ask(polls, { filter: { channels: ['nowhere'] } }), { code: 'not_found' })
  const poll = { filter: { channels: ['general'] }, timeoutMs: 1 }
  t.same(await ask(polls, poll), { items: [], upToId: 0 })
  t.same(await ask(polls, poll), { items: [], upToId: 0 })
  t.equal(asked.length, 2)
})

t.test('at its deadline a listing is empty, whatever others were told', async (t) => {
  const { polls } = open(t)
  const rows = ask(polls, { filter: { agentId: 'bob' }, timeoutMs: SOON_MS })
  polls.published([message(1, { to: 'cyd' })])
  t.same(await rows, { items: [], upToId: 0 })
  t.equal(polls.waiting, 0)
})

t.test('who has gone waits no longer, and nobody is parked for who went before', async (t) => {
  const { polls } = open(t)
  const abandonment = new Abandonment()
  const rows = ask(polls, {}, abandonment)
  t.equal(polls.waiting, 1)
  abandonment.happen()
  t.equal(polls.waiting, 0)
  t.same(await rows, { items: [], upToId: 0 })
  t.same(await ask(polls, {}, abandonment), { items: [], upToId: 0 })
})

t.test('who goes between being woken and their turn does not hold up the others', async (t) => {
  const { polls } = open(t)
  const gone = new Abandonment()
  const answered: number[] = []
  const many = Array.from({ length: 1_100 }, (_, i) =>
    ask(polls, {}, i === 1_050 ? gone : undefined).finally(() => answered.push(i)),
  )
  polls.published([message(1)])
  await many[0]
  t.notOk(answered.includes(1_050), 'its turn has not come')
  gone.happen()
  for (const rows of await Promise.all(many)) t.same(rows, { items: texts(1), upToId: 1 })
})

t.test('what was committed without coming by is read', async (t) => {
  const { polls } = open(t, {
    page: async ({ sinceId }) => ({ items: sinceId < 7 ? texts(7) : [], upToId: 7 }),
  })
  const rows = ask(polls)
  polls.skipped(7)
  t.same(await rows, { items: texts(7), upToId: 7 })
})

t.test('a door that closes lets nobody wait, not even who was just reading', async (t) => {
  let read: (page: Page) => void = () => {}
  const { polls } = open(t, { page: () => new Promise<Page>((resolve) => (read = resolve)) })
  const waiting = ask(polls)
  const reading = ask(polls, { tail: true })
  polls.end()
  read({ items: [], upToId: 0 })
  t.same(await waiting, { items: [], upToId: 0 })
  t.same(await reading, { items: [], upToId: 0 })
  t.equal(polls.waiting, 0)
})

t.test('a storage that stays away fails the listing', async (t) => {
  const { polls } = open(t, { page: () => Promise.reject(new Error('away')) })
  await t.rejects(ask(polls, { timeoutMs: 0 }), { message: 'away' })
})

t.test('a request is answered once: with all there is, or with why not', async (t) => {
  const { polls } = open(t)
  const answers: Answer[] = []
  const request = {
    ...REQUEST,
    abandonment: new Abandonment(),
    answer: (answer: Answer) => void answers.push(answer),
  }
  polls.answer(pollWith({}), request)
  polls.published([message(1)])
  polls.published([message(2)])
  t.same(answers, [{ status: 200, body: '{"ok":true,"result":[{"id":1}]}' }])
  polls.answer(pollWith({}), request)
  t.match(answers[1], { body: '{"ok":true,"result":[{"id":1},{"id":2}]}' })
  polls.answer(pollWith({ filter: { channels: ['nowhere'] } }), request)
  await until('the third answer', () => answers.length > 2)
  t.match(answers[2], { status: 404 })
  t.equal(answers.length, 3)
})
