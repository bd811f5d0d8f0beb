// Posts at one, two and four hubs that share a room in PostgreSQL, beside a bare program that inserts the same rows in
// batches of 64.

import { type Bench, type Scenario, valuesOf } from '../bench.js'
import { isOnServer } from '../databases.js'
import { type HubUnderTest, result, withOwnHub } from '../hubs.js'
import type { InsertJob, InsertResult } from '../load/bare-inserts.js'
import { httpLoad, perSecond } from '../load.js'
import { runJob, script } from '../processes.js'

const HUBS = [1, 2, 4]
const CONNECTIONS = 64
const POST = {
  path: '/v1/messages',
  body: JSON.stringify({ from_agent: 'bench', channel: 'general', body: `message ${'x'.repeat(180)}` }),
}

export const scale: Scenario = {
  name: 'scale',
  about:
    'durable posts at one, two and four hubs that share a room in PostgreSQL, beside a bare program that inserts the same rows',
  run: (bench) =>
    bench.withHubs(async (hubs) => {
      for (const hub of hubs) {
        if (hub.isOwn && isOnServer()) await measure(bench, hub)
        else
          bench.cannot(hub.who, 'several hubs on one database', 'it needs a server: --storage postgres://…')
      }
    }),
}

async function measure(bench: Bench, first: HubUnderTest): Promise<void> {
  const { storage_path: storage } = await result<{ storage_path: string }>(first.url, '/v1/hub-info')
  const seconds = bench.quick ? 0.5 : 3
  for (const count of HUBS) {
    await withMore(count - 1, [first], storage, async (hubs) => {
      const results = await bench.alternate([
        ['bare', () => runJob<InsertJob, InsertResult>(script('bare-inserts'), { storage, seconds })],
        ['hub', () => postAt(hubs, seconds)],
      ])
      const of = count === 1 ? '1 hub' : `${count} hubs`
      bench.record({ of, what: 'throughput', unit: '/s', values: valuesOf(results, perSecond) })
    })
  }
}

/** Runs `work` with so many more hubs on the room. */
function withMore(
  more: number,
  hubs: readonly HubUnderTest[],
  storage: string,
  work: (hubs: readonly HubUnderTest[]) => Promise<void>,
): Promise<void> {
  if (more === 0) return work(hubs)
  return withOwnHub((hub) => withMore(more - 1, [...hubs, hub], storage, work), storage)
}

/** The connections are divided among the hubs. */
async function postAt(hubs: readonly HubUnderTest[], seconds: number): Promise<InsertResult> {
  const load = { requests: [POST], connections: CONNECTIONS / hubs.length, by: 'sockets' as const, seconds }
  const results = await Promise.all(hubs.map(({ url }) => httpLoad({ ...load, url })))
  const requests = results.reduce((sum, each) => sum + each.requests, 0)
  return { requests, seconds: Math.max(...results.map((each) => each.seconds)) }
}
