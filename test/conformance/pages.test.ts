// PROTOCOL §1, ids and pages: ids that only grow, `since_id`, `limit` and `tail`, on every listing of
// messages. They behave alike, so one table drives them all. What a restart does to ids is in restart.test.ts.

import t from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import { idsOf, inParallel, newChannel, refused, say, unique } from './steps.js'
import { openTarget } from './target.js'
import type { Query } from './wire.js'

const hub = await openTarget(t)

t.test('§1 ids are integers that strictly increase', async (t) => {
  const ids: number[] = []
  for (let i = 0; i < 5; i++) ids.push((await say(hub)).id)
  for (const [i, id] of ids.entries()) {
    t.ok(Number.isSafeInteger(id))
    t.ok(id > (ids[i - 1] ?? 0))
  }
})

t.test('§1 concurrent messages get ids of their own', async (t) => {
  const rows = await inParallel(64, () => say(hub))
  t.equal(new Set(idsOf(rows)).size, 64)
})

interface Listing {
  readonly name: string
  /** Path, query and the fields of a message that appears in this listing alone. */
  readonly path: string
  readonly query: Query
  readonly fields: Record<string, unknown>
  readonly tail: boolean
}

const reader = unique('reader')
const thread = unique('thread')
const channel = await newChannel(hub)
const LISTINGS: Listing[] = [
  {
    name: 'messages of a thread',
    path: '/v1/messages',
    query: { thread_id: thread },
    fields: { thread_id: thread },
    tail: true,
  },
  {
    name: 'messages of a channel',
    path: '/v1/messages',
    query: { channel },
    fields: { channel },
    tail: true,
  },
  {
    name: 'events of a thread',
    path: '/v1/events',
    query: { agent_id: unique('agent'), thread_id: `${thread}-e` },
    fields: { thread_id: `${thread}-e` },
    tail: false,
  },
  { name: 'an inbox', path: `/v1/inbox/${reader}`, query: {}, fields: { to_agent: reader }, tail: true },
]

for (const { name, path, query, fields, tail } of LISTINGS) {
  t.test(`§1 pages of ${name}`, async (t) => {
    // 501 rows, one more than a page can ever hold.
    const stored = (await inParallel(501, () => say(hub, fields))).map((row) => row.id).sort((a, b) => a - b)
    const page = async (more: Query = {}) =>
      idsOf((await hub.get<Message[]>(path, { ...query, ...more })).result)

    t.test('§1 since_id defaults to 0 and limit to 100, ascending', async (t) => {
      t.strictSame(await page(), stored.slice(0, 100))
    })

    t.test('§1 a limit of 500 is the largest, and a larger one is capped without a word', async (t) => {
      t.strictSame(await page({ limit: 500 }), stored.slice(0, 500))
      t.strictSame(await page({ limit: 501 }), stored.slice(0, 500))
      t.strictSame(await page({ limit: 1_000_000 }), stored.slice(0, 500))
    })

    t.test('§1 a limit below 1 is a 400', async (t) => {
      for (const limit of [0, -1]) refused(t, hub, await hub.get(path, { ...query, limit }), 400, /limit/)
    })

    t.test('§1 since_id gives the rows after it, ascending', async (t) => {
      t.strictSame(await page({ since_id: stored[199] ?? 0, limit: 7 }), stored.slice(200, 207))
      t.strictSame(await page({ since_id: (stored[200] ?? 0) - 1, limit: 1 }), stored.slice(200, 201))
      t.strictSame(await page({ since_id: stored[500] ?? 0 }), [])
      t.strictSame(await page({ since_id: Number.MAX_SAFE_INTEGER }), [])
    })

    t.test('§1 a negative since_id is a 400', async (t) => {
      refused(t, hub, await hub.get(path, { ...query, since_id: -1 }), 400, /since_id/)
    })

    if (!tail) return

    t.test('§1 tail gives the newest rows, still ascending', async (t) => {
      t.strictSame(await page({ tail: true, limit: 3 }), stored.slice(-3))
      t.strictSame(await page({ tail: true, limit: 3, since_id: 0 }), stored.slice(-3))
      t.strictSame(await page({ tail: true }), stored.slice(-100))
      t.strictSame(await page({ tail: false, limit: 3 }), stored.slice(0, 3))
    })

    t.test('§1 tail changes nothing behind a cursor', async (t) => {
      t.strictSame(await page({ tail: true, limit: 3, since_id: stored[9] ?? 0 }), stored.slice(10, 13))
    })
  })
}
