// Requests as the history grows: the same ones at 10,000 messages in 100 threads, then at each tenfold number up to 100,000, or
// to what `--messages` says, one after another on one connection. The baseline is a second hub that stays at 1,000 messages, in turns. A hub that was running before is
// its own baseline: its times at 1,000. It also measures the memory of the hub's process.

import { type Bench, type Scenario, valuesOf } from '../bench.js'
import { type HubUnderTest, result, withOwnHub } from '../hubs.js'
import type { LoadRequest } from '../load/http-load.js'
import { httpLoad } from '../load.js'
import { residentMb } from '../process-costs.js'
import { percentile } from '../statistics.js'

const THREADS = 100
/** The messages of the small hub. */
const LEAST = 1_000
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
/** A thread that does not grow. A thread's answer holds all its messages, so its time grows with them. */
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
/** Warms up the small hub, which gets few posts: V8 must have compiled the code of both hubs. */
const WARM_UP: LoadRequest = { method: 'GET', path: '/v1/hub-info' }
const WARM_UPS = 5_000
const AT_MOST = { of: 'ratio', atMost: 1.5 } as const
/** Memory counts as level below this ratio: uncollected garbage makes as much of a difference. */
const LEVEL = { of: 'ratio', atMost: 1.15 } as const

const POST: LoadRequest = {
  path: '/v1/messages',
  body: JSON.stringify({ from_agent: AGENT, channel: 'general', body: 'message {i}' }),
}

/** By their names in the report. `after` is an id shortly before the latest. */
const REQUESTS: Readonly<Record<string, (after: number) => LoadRequest>> = {
  'GET threads': () => ({ method: 'GET', path: '/v1/threads' }),
  'GET one thread': () => ({ method: 'GET', path: '/v1/threads/growth-small' }),
  'GET bootstrap': () => ({ method: 'GET', path: `/v1/bootstrap?agent_id=${AGENT}` }),
  'GET events': (after) => ({ method: 'GET', path: `/v1/events?agent_id=${AGENT}&since_id=${after}` }),
  'GET the last messages': () => ({ method: 'GET', path: '/v1/messages?channel=general&tail=true&limit=50' }),
  'POST message': () => POST,
  'POST claim': () => ({
    path: '/v1/claims',
    body: JSON.stringify({ claim_key: 'growth-{i}', owner_agent_id: AGENT }),
  }),
}

/** Median milliseconds by request. */
type Round = Readonly<Record<string, number>>

export const growth: Scenario = {
  name: 'growth',
  about: `what reads and posts cost as the history grows, in ${THREADS} threads; bare: such a hub at 1,000 messages`,
  run: (bench) =>
    bench.withHubs(async (hubs) => {
      for (const hub of hubs) {
        if (hub.isOwn) await withOwnHub((small) => grow(bench, hub, small))
        else await grow(bench, hub)
      }
    }),
}

async function grow(bench: Bench, hub: HubUnderTest, small?: HubUnderTest): Promise<void> {
  const { who } = hub
  const sizes = sizesTo(bench.messages)
  for (const each of small ? [hub, small] : [hub]) {
    await httpLoad({ url: each.url, requests: [SMALL_THREAD], connections: 1, count: SMALL_THREAD_MESSAGES })
    await fill(each, LEAST - SMALL_THREAD_MESSAGES)
    await httpLoad({ url: each.url, requests: [WARM_UP], connections: 32, count: WARM_UPS })
  }
  const early = small
    ? undefined
    : (await bench.alternate([[who, (isWarmUp) => read(bench, hub, isWarmUp)]])).get(who)
  let filled: number = LEAST
  const memoryMb = [memoryOf(hub)]
  for (const size of sizes) {
    bench.progress(`${who}, ${size} messages`)
    await fill(hub, size - filled)
    filled = size
    const results = await bench.alternate<Round>([
      ...(small ? [['bare', (isWarmUp: boolean) => read(bench, small, isWarmUp)] as const] : []),
      [who, (isWarmUp) => read(bench, hub, isWarmUp)],
    ])
    memoryMb.push(memoryOf(hub))
    if (early) results.set('bare', early)
    const of = `${size.toLocaleString('en')} messages`
    const goal = who === 'hub' && size >= 100_000 ? AT_MOST : undefined
    for (const name of Object.keys(REQUESTS)) {
      const values = valuesOf(results, (round) => round[name] ?? Number.NaN)
      bench.record({ of, what: `${name} p50`, unit: 'ms', values, goal })
    }
  }
  recordMemory(bench, who, [LEAST, ...sizes], memoryMb)
}

/** Tenfold numbers of messages, and the last one. */
function sizesTo(most: number): number[] {
  const sizes: number[] = []
  for (let size = 10 * LEAST; size < most; size *= 10) sizes.push(size)
  return [...sizes, most]
}

const memoryOf = ({ pid }: HubUnderTest) => (pid === undefined ? undefined : residentMb(pid))

async function fill({ url }: HubUnderTest, count: number): Promise<void> {
  await httpLoad({ url, requests: [FILL], connections: 32, count })
}

async function read(bench: Bench, { url }: HubUnderTest, isWarmUp: boolean): Promise<Round> {
  const count = bench.quick || isWarmUp ? 30 : 200
  const { latest_visible_id: latest } = await result<{ latest_visible_id: number }>(
    url,
    `/v1/bootstrap?agent_id=${AGENT}`,
  )
  const p50Ms: Record<string, number> = {}
  for (const [name, request] of Object.entries(REQUESTS)) {
    const { latenciesMs } = await httpLoad({ url, requests: [request(latest - 20)], connections: 1, count })
    const later = (latenciesMs[0] ?? []).slice(count / 5) // V8 compiles during the first ones
    p50Ms[name] = percentile(
      later.sort((a, b) => a - b),
      0.5,
    )
  }
  return p50Ms
}

function recordMemory(
  bench: Bench,
  who: HubUnderTest['who'],
  sizes: readonly number[],
  memoryMb: readonly (number | undefined)[],
): void {
  const [early, last] = memoryMb.slice(-2)
  if (early === undefined || last === undefined) {
    bench.cannot(who, 'memory', 'its process is not known here')
    return
  }
  const [from, to] = sizes.slice(-2).map((size) => size.toLocaleString('en'))
  const values = { bare: [early], [who]: [last] }
  const goal = who === 'hub' && !bench.quick ? LEVEL : undefined
  bench.record({ of: `${to} messages`, what: `memory (bare: at ${from})`, unit: 'MB', values, goal })
}
