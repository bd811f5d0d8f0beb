// Long listings by the SDK: page by page, whole, also while others post; and from a hub that knows no pages.

import t from 'tap'
import type { ThreadSummary } from '../../src/protocol/objects.js'
import { ArcClient } from '../../src/sdk/index.js'
import { allPages, allThreads } from '../../src/sdk/pages.js'
import { Calls } from '../support/calls.js'
import { startTestHub } from '../support/hub.js'

const THREADS = 1_100

t.test('all threads and all tasks come, in their order, in answers of 500 rows', async (t) => {
  const hub = await startTestHub(t)
  const calls = new Calls(t, hub.url)
  const post = (i: number) => calls.say({ body: 'b', kind: 'task', thread_id: `t${i}` })
  for (let i = 0; i < THREADS; i += 100) await Promise.all(Array.from({ length: 100 }, (_, j) => post(i + j)))
  const client = new ArcClient('ann', { baseUrl: hub.url })
  t.teardown(() => client.close())
  const threads = await client.listThreads()
  const latest = threads.map((thread) => thread.latest_message_id as number)
  t.equal(new Set(threads.map(({ thread_id }) => thread_id)).size, THREADS)
  t.strictSame(
    latest,
    latest.toSorted((a, b) => b - a),
  )
  const ids = (await client.listTasks({ status: 'open' })).map(({ task_id }) => task_id)
  t.equal(ids.length, THREADS)
  t.strictSame(
    ids,
    ids.toSorted((a, b) => a - b),
  )
})

t.test('a hub that knows no pages answers once, with all there is', async (t) => {
  let answers = 0
  const rows = await allPages(async () => {
    answers++
    return { result: [1, 2, 3], envelope: { ok: true } }
  })
  t.strictSame(rows, [1, 2, 3])
  t.equal(answers, 1)
})

t.test('a thread that is said something in while the list is read is not passed over', async (t) => {
  // Newest first: 1,200 threads, the last of which moves to the front after the first page.
  const thread = (name: number, latest_message_id: number) =>
    ({ thread_id: `t${name}`, latest_message_id }) as ThreadSummary
  let list = Array.from({ length: 1_200 }, (_, i) => thread(i, 1_200 - i))
  let pages = 0
  const read = await allThreads(async (limit, next) => {
    const after = next === undefined ? Number.POSITIVE_INFINITY : Number(next)
    const rows = list.filter((row) => (row.latest_message_id ?? 0) < after).slice(0, limit + 1)
    const result = rows.slice(0, limit)
    if (++pages === 1) list = [thread(1_199, 1_201), ...list.filter(({ thread_id }) => thread_id !== 't1199')]
    return {
      result,
      envelope: { ok: true, next: rows.length > limit ? `${result.at(-1)?.latest_message_id}` : null },
    }
  })
  t.equal(new Set(read.map(({ thread_id }) => thread_id)).size, 1_200)
  t.equal(read[0]?.thread_id, 't1199')
})
