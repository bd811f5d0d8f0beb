// The recent messages at the door, and who may see a message: pure, with no threads and no sockets.

import t from 'tap'
import { isVisible, RecentMessages } from '../../src/dispatch/recent.js'
import type { FeedMessage } from '../../src/storage/commands.js'

/** A broadcast by `ann` in `general`, unless said otherwise; its text is its id. */
function message(id: number, fields: Partial<FeedMessage> = {}): FeedMessage {
  return { id, from: 'ann', to: null, channel: 'general', threadId: null, json: `${id}`, ...fields }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const messages = (from: number, to: number) => range(from, to).map((id) => message(id))
const ALL = {}
const NO_LIMIT = 1_000_000

t.test('what came by since an id is there, in id order, up to the limit', async (t) => {
  const recent = new RecentMessages(10)
  recent.append(messages(11, 15))
  recent.append(messages(16, 20))
  t.strictSame(recent.after(10, ALL, NO_LIMIT), range(11, 20).map(String))
  t.strictSame(recent.after(14, ALL, 3), ['15', '16', '17'])
  t.strictSame(recent.after(20, ALL, NO_LIMIT), [])
  t.equal(recent.latestId, 20)
})

t.test('ids need not be dense', async (t) => {
  const recent = new RecentMessages(0)
  recent.append([message(3), message(10), message(500)])
  t.strictSame(
    [0, 2, 3, 9, 10, 499, 500, 501].map((id) => recent.after(id, ALL, NO_LIMIT)?.[0]),
    ['3', '3', '10', '10', '500', '500', undefined, undefined],
  )
})

t.test('an id before the first that came by is beyond it: undefined, not empty', async (t) => {
  const recent = new RecentMessages(10)
  t.equal(recent.after(9, ALL, NO_LIMIT), undefined)
  t.strictSame(recent.after(10, ALL, NO_LIMIT), [])
  recent.append(messages(11, 12))
  t.equal(recent.after(9, ALL, NO_LIMIT), undefined)
})

t.test('an id that was never seen here, higher than all, has nothing after it yet', async (t) => {
  const recent = new RecentMessages(10)
  t.strictSame(recent.after(99, ALL, NO_LIMIT), [])
})

t.test('what the filter hides does not use up the limit', async (t) => {
  const recent = new RecentMessages(0)
  recent.append(range(1, 10).map((id) => message(id, { channel: id % 2 ? 'odd' : 'even' })))
  t.strictSame(recent.after(0, { channels: ['even'] }, 3), ['2', '4', '6'])
})

t.test('what was skipped has to be read elsewhere, what follows is here', async (t) => {
  const recent = new RecentMessages(0)
  recent.append(messages(1, 5))
  recent.skipTo(5_000)
  t.equal(recent.latestId, 5_000)
  t.equal(recent.after(4_999, ALL, NO_LIMIT), undefined)
  t.strictSame(recent.after(5_000, ALL, NO_LIMIT), [])
  recent.append([message(5_001)])
  t.strictSame(recent.after(5_000, ALL, NO_LIMIT), ['5001'])
})

t.test('it is bounded by count: the oldest go, and are never passed over in silence', async (t) => {
  const recent = new RecentMessages(0)
  for (let id = 1; id <= 20_000; id++) recent.append([message(id)])
  t.equal(recent.latestId, 20_000)
  const kept = range(1, 20_000).filter((id) => recent.after(id, ALL, 1) !== undefined)
  t.ok(kept.length >= 2_048 && kept.length <= 4_097, `${kept.length} ids can be asked for`)
  const oldest = kept[0] ?? 0
  t.strictSame(recent.after(oldest, ALL, NO_LIMIT), range(oldest + 1, 20_000).map(String))
})

t.test('it is bounded by size', async (t) => {
  const recent = new RecentMessages(0)
  const json = 'x'.repeat(1024 * 1024)
  for (let id = 1; id <= 100; id++) recent.append([message(id, { json })])
  const kept = range(0, 100).filter((id) => recent.after(id, ALL, 1) !== undefined)
  t.ok(kept.length <= 17, `${kept.length - 1} MiB are kept`)
  t.ok(kept.length > 4, 'but it keeps some')
})

t.test('messages that come by a second time are kept once', async (t) => {
  // A storage that is restarted sends again what its former life may have sent already.
  const recent = new RecentMessages(0)
  recent.append(messages(1, 5))
  recent.append(messages(3, 7))
  t.strictSame(recent.after(0, ALL, NO_LIMIT), range(1, 7).map(String))
  recent.skipTo(10)
  recent.append(messages(8, 12))
  t.strictSame(recent.after(10, ALL, NO_LIMIT), ['11', '12'])
})

t.test('a broadcast is visible to all, a direct message to its addressee alone', async (t) => {
  const direct = message(1, { to: 'bob', channel: 'direct' })
  t.ok(isVisible(message(1), {}))
  t.ok(isVisible(message(1), { agentId: 'bob' }))
  t.ok(isVisible(direct, { agentId: 'bob' }))
  t.notOk(isVisible(direct, { agentId: 'cyd' }))
  t.notOk(isVisible(direct, { agentId: 'ann' }), 'not even to its author')
  t.notOk(isVisible(direct, {}))
})

t.test('channel and thread narrow it down, each and both', async (t) => {
  const it = message(1, { channel: 'design', threadId: 'plan' })
  t.ok(isVisible(it, { channels: ['design'] }))
  t.ok(isVisible(it, { threadId: 'plan' }))
  t.ok(isVisible(it, { channels: ['design'], threadId: 'plan' }))
  t.notOk(isVisible(it, { channels: ['general'], threadId: 'plan' }))
  t.notOk(isVisible(it, { channels: ['design'], threadId: 'other' }))
  t.notOk(isVisible(message(1), { threadId: 'plan' }), 'a message without a thread is in none')
})

t.test('its own messages are hidden from an agent only where it asks for that', async (t) => {
  t.ok(isVisible(message(1), { agentId: 'ann' }))
  t.notOk(isVisible(message(1), { agentId: 'ann', excludeSelf: true }))
  t.ok(isVisible(message(1), { agentId: 'bob', excludeSelf: true }))
})
