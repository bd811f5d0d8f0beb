// The messages that a view holds: in order, each once, bounded, and honest about what it has forgotten.

import t from 'tap'
import {
  EMPTY,
  merged,
  type Stretch,
  sizeOf,
  withNewer,
  withNext,
  withOlder,
} from '../../src/dashboard/model/stretch.js'
import type { Message } from '../../src/protocol/objects.js'
import { Random } from '../support/campaign.js'

const message = (id: number, body = ''): Message => ({
  id,
  ts: '2026-01-01T00:00:00Z',
  from_agent: 'a',
  to_agent: null,
  channel: 'general',
  kind: 'chat',
  body,
  attachments: [],
  reply_to: null,
  thread_id: null,
  metadata: {},
})
const rows = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => message(from + i))
const ids = ({ messages }: Pick<Stretch, 'messages'>) => messages.map(({ id }) => id)
const BOUNDS = { messages: 5, chars: 1_000_000 }

t.test('lists are merged in order, each id once', async (t) => {
  const random = new Random(3)
  for (let round = 0; round < 50; round++) {
    const some = () => rows(1, 30).filter(() => random.next() < 0.4)
    const [a, b] = [some(), some()]
    const expected = [...new Set([...a, ...b].map(({ id }) => id))].sort((x, y) => x - y)
    t.same(ids({ messages: merged(a, b) }), expected)
  }
})

t.test('at the end it follows what comes, and forgets at the start', async (t) => {
  const full = withNewer(EMPTY, rows(1, 5), 'start', BOUNDS)
  t.match(full, { from: 0, toEnd: true })
  const later = withNewer(full, rows(5, 7), 'start', BOUNDS)
  t.same(ids(later), [3, 4, 5, 6, 7])
  t.match(later, { from: 3, toEnd: true })
})

t.test('further up it forgets at the end, and then takes nothing that would leave a gap', async (t) => {
  const full = withNewer(EMPTY, rows(1, 5), 'start', BOUNDS)
  const read = withNewer(full, rows(6, 7), 'end', BOUNDS)
  t.same(ids(read), [1, 2, 3, 4, 5])
  t.match(read, { from: 0, toEnd: false })
  t.equal(withNewer(read, rows(8, 9), 'end', BOUNDS), read)
})

t.test('pages on either side take the place of what is furthest from them', async (t) => {
  const stretch: Stretch = { messages: rows(11, 15), from: 11, toEnd: true }
  const older = withOlder(stretch, rows(8, 10), 6, BOUNDS)
  t.same(ids(older), [8, 9, 10, 11, 12])
  t.match(older, { from: 6, toEnd: false })
  const back = withNext(older, rows(13, 15), true, BOUNDS)
  t.same(ids(back), [11, 12, 13, 14, 15])
  t.match(back, { toEnd: true })
  t.match(withOlder(stretch, [], 0, BOUNDS), { from: 0 })
})

t.test('it is bounded in characters too, but keeps one message however large', async (t) => {
  const large = (id: number) => message(id, 'x'.repeat(1_000))
  const bounds = { messages: 100, chars: 2 * sizeOf(large(1)) }
  t.same(ids(withNewer(EMPTY, [large(1), large(2), large(3)], 'start', bounds)), [2, 3])
  t.same(ids(withNewer(EMPTY, [large(1), large(2)], 'start', { messages: 100, chars: 1 })), [2])
})

t.test('attachments and metadata count', async (t) => {
  const heavy = { ...message(1), attachments: [{ type: 'text' as const, content: 'x'.repeat(5_000) }] }
  t.ok(sizeOf(heavy) > 5_000)
})
