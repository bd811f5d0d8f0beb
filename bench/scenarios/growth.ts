// What reads cost as the history grows: the same requests at 1,000 messages in 100 threads, then at 10,000, then at
// 100,000, one after another on one connection. The baseline is the hub itself at 1,000. And the memory of its process.

import type { Bench, Scenario } from '../bench.js'
import { type HubUnderTest, result } from '../hubs.js'
import type { LoadRequest } from '../load/http-load.js'
import { httpLoad } from '../load.js'
import { residentMb } from '../process-costs.js'
import { percentile } from '../statistics.js'

const THREADS = 100
const AGENT = 'growth'
const FILL: LoadRequest = {
  path: '/v1/messages',
  body: JSON.stringify({
    from_agent: AGENT,
    channel: 'general',
    thread_id: 'growth-{i%100}',
    body: `message {i} ${'x'.repeat(180)}`,
  }),
}
/** A thread that does not grow: the answer holds all messages of a thread, so that it costs what it holds. */
const SMALL_THREAD: LoadRequest = {
  path: '/v1/messages',
  body: JSON.stringify({
    from_agent: AGENT,
    channel: 'general',
    thread_id: 'growth-small',
    body: 'message {i}',
  }),
}
const SMALL_THREAD_MESSAGES = 20
const AT_MOST = { of: 'ratio', atMost: 1.5 } as const

/** By what they are called in the report; `after` is an id shortly before the latest. */
const READS: Readonly<Record<string, (after: number) => LoadRequest>> = {
  'GET threads': () => ({ method: 'GET', path: '/v1/threads' }),
  'GET one thread': () => ({ method: 'GET', path: '/v1/threads/growth-small' }),
  'GET bootstrap': () => ({ method: 'GET', path: `/v1/bootstrap?agent_id=${AGENT}` }),
  'GET events': (after) => ({ method: 'GET', path: `/v1/events?agent_id=${AGENT}&since_id=${after}` }),
  'GET the last messages': () => ({ method: 'GET', path: '/v1/messages?channel=general&tail=true&limit=50' }),
  'POST claim': () => ({
    path: '/v1/claims',
    body: JSON.stringify({ claim_key: 'growth-{i}', owner_agent_id: AGENT }),
  }),
}

interface Stage {
  /** Median milliseconds by read. */
  readonly p50Ms: Readonly<Record<string, number>>
  readonly memoryMb: number | undefined
}

export const growth: Scenario = {
  name: 'growth',
  about: `what reads cost as the history grows, in ${THREADS} threads; bare: the same hub at 1,000 messages`,
  run: (bench) =>
    bench.withHubs(async (hubs) => {
      const sizes = bench.quick ? [1_000, 5_000] : [1_000, 10_000, 100_000]
      for (const hub of hubs) {
        const stages: Stage[] = []
        const { url } = hub
        await httpLoad({ url, requests: [SMALL_THREAD], connections: 1, count: SMALL_THREAD_MESSAGES })
        let filled = SMALL_THREAD_MESSAGES
        for (const size of sizes) {
          bench.progress(`${hub.who}, ${size} messages`)
          await httpLoad({ url, requests: [FILL], connections: 32, count: size - filled })
          filled = size
          stages.push(await measure(hub, bench.quick ? 30 : 300))
        }
        record(bench, hub.who, sizes, stages)
      }
    }),
}

async function measure({ url, pid }: HubUnderTest, count: number): Promise<Stage> {
  const { latest_visible_id: latest } = await result<{ latest_visible_id: number }>(
    url,
    `/v1/bootstrap?agent_id=${AGENT}`,
  )
  const p50Ms: Record<string, number> = {}
  for (const [name, read] of Object.entries(READS)) {
    const { latenciesMs } = await httpLoad({ url, requests: [read(latest - 20)], connections: 1, count })
    const later = (latenciesMs[0] ?? []).slice(count / 5) // the first ones compile
    p50Ms[name] = percentile(
      later.sort((a, b) => a - b),
      0.5,
    )
  }
  return { p50Ms, memoryMb: pid === undefined ? undefined : residentMb(pid) }
}

function record(
  bench: Bench,
  who: HubUnderTest['who'],
  sizes: readonly number[],
  stages: readonly Stage[],
): void {
  const [first, ...later] = stages
  for (const [i, stage] of later.entries()) {
    const size = sizes[i + 1] ?? 0
    const of = `${size.toLocaleString('en')} messages`
    const goal = who === 'hub' && size === 100_000 ? AT_MOST : undefined
    for (const [name, ms] of Object.entries(stage.p50Ms)) {
      const values = { bare: [first?.p50Ms[name] ?? Number.NaN], [who]: [ms] }
      bench.record({ of, what: `${name} p50`, unit: 'ms', values, goal })
    }
  }
  const memory = stages.map(({ memoryMb }) => memoryMb)
  const [early, last] = memory.slice(-2)
  if (early === undefined || last === undefined) bench.cannot(who, 'memory', 'its process is not known here')
  else {
    const [from, to] = sizes.slice(-2).map((size) => size.toLocaleString('en'))
    const values = { bare: [early], [who]: [last] }
    const goal = who === 'hub' ? AT_MOST : undefined
    bench.record({ of: `${to} messages`, what: `memory (bare: at ${from})`, unit: 'MB', values, goal })
  }
}
