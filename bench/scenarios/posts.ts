// Durable posts, one at a time on each of 1, 8 and 64 connections, beside a server that stores nothing.

import { type Loaded, withBare } from '../bare.js'
import { type Bench, type LatencyGoals, type Scenario, samplesOf, valuesOf } from '../bench.js'
import type { LoadJob, LoadResult } from '../load/http-load.js'
import { httpLoad, perSecond } from '../load.js'
import { spentBetween, threadTimes } from '../process-costs.js'
import type { Goal, Who } from '../report.js'

const ECHO = new URL('../baselines/echo-server.js', import.meta.url)
const POST = {
  path: '/v1/messages',
  body: JSON.stringify({ from_agent: 'bench', channel: 'general', body: `message {i} ${'x'.repeat(180)}` }),
}

interface Round extends LoadResult {
  /** Microseconds of the server's processor time for each request; NaN where it can't be known. */
  readonly processorUs: number
}

const QUICK = { seconds: 0.4 }
const FULL = { seconds: 3 }
/** A server's code is compiled after some thousand requests, however long these take. */
const WARM_UP = { count: 5_000, seconds: 15 }

interface Case {
  readonly of: string
  readonly load: Pick<LoadJob, 'connections' | 'by'>
  readonly throughput?: Goal
  readonly answer?: LatencyGoals
}

const ALONE: Case = {
  of: '1 connection',
  load: { connections: 1 },
  answer: { p50: { of: 'value', atMost: 1 } },
}
const FEW: Case = { of: '8 connections', load: { connections: 8 } }
const THROUGHPUT: Goal = { of: 'ratio', atLeast: 0.8 }
const MANY: Case = { of: '64 connections', load: { connections: 64 }, throughput: THROUGHPUT }
/** How much of the machine the clients leave to the server decides this ratio; so it is taken with cheap ones and dear ones. */
const MANY_BY_FETCH: Case = {
  of: '64 connections, by fetch',
  load: { connections: 64, by: 'fetch' },
  throughput: THROUGHPUT,
}

export const posts: Scenario = {
  name: 'posts',
  about: 'durable POST /v1/messages, beside a bare node:http server that echoes JSON and stores nothing',
  run: (bench) =>
    bench.withHubs((hubs) =>
      withBare(ECHO, async (bare) => {
        const servers = [...hubs, bare]
        const cases = bench.quick ? [ALONE, MANY] : [ALONE, FEW, MANY, MANY_BY_FETCH]
        for (const each of cases) await measure(bench, servers, each)
      }),
    ),
}

async function measure(
  bench: Bench,
  servers: readonly Loaded[],
  { of, load, throughput, answer }: Case,
): Promise<void> {
  bench.progress(of)
  const results = await bench.alternate(
    servers.map((server): [Who, (isWarmUp: boolean) => Promise<Round>] => [
      server.who,
      (isWarmUp) => round(server, { ...load, ...(bench.quick ? QUICK : isWarmUp ? WARM_UP : FULL) }),
    ]),
  )
  bench.record({
    of,
    what: 'throughput',
    unit: '/s',
    values: valuesOf(results, perSecond),
    goal: throughput,
  })
  const samples = samplesOf(results, ({ latenciesMs }) => latenciesMs.flat())
  bench.latencies(of, 'answer', samples, answer)
  const values = valuesOf(results, ({ processorUs }) => processorUs)
  bench.record({ of, what: 'processor time a post', unit: 'µs', values })
}

async function round({ url, pid }: Loaded, load: Omit<LoadJob, 'url' | 'requests'>): Promise<Round> {
  const before = pid === undefined ? new Map() : threadTimes(pid)
  const result = await httpLoad({ ...load, url, requests: [POST] })
  const spentUs = pid === undefined ? Number.NaN : spentBetween(before, threadTimes(pid))
  return { ...result, processorUs: spentUs / result.requests }
}
