// Durable posts, one at a time on each of 1, 8 and 64 connections, beside a server that stores nothing.

import { withBare } from '../bare.js'
import type { Scenario } from '../bench.js'
import { samplesOf, valuesOf } from '../bench.js'
import type { LoadResult } from '../load/http-load.js'
import { httpLoad, perSecond } from '../load.js'
import { spentBetween, threadTimes } from '../process-costs.js'

const ECHO = new URL('../baselines/echo-server.js', import.meta.url)
const POST = {
  path: '/v1/messages',
  body: JSON.stringify({ from_agent: 'bench', channel: 'general', body: `message {i} ${'x'.repeat(180)}` }),
}

interface Round extends LoadResult {
  /** Microseconds of the server's processor time for each request; NaN where it can't be known. */
  readonly processorUs: number
}

export const posts: Scenario = {
  name: 'posts',
  about: 'durable POST /v1/messages, beside a bare node:http server that echoes JSON and stores nothing',
  run: (bench) =>
    bench.withHubs((hubs) =>
      withBare(ECHO, async (bare) => {
        const servers = [...hubs, bare]
        for (const connections of bench.quick ? [1, 64] : [1, 8, 64]) {
          const of = connections === 1 ? '1 connection' : `${connections} connections`
          bench.progress(of)
          const results = await bench.alternate(
            servers.map(({ who, url, pid }) => [
              who,
              (isWarmUp) => load(url, pid, connections, bench.quick ? 0.4 : isWarmUp ? 0.7 : 3),
            ]),
          )
          const goal = connections === 64 ? ({ of: 'ratio', atLeast: 0.8 } as const) : undefined
          bench.record({ of, what: 'throughput', unit: '/s', values: valuesOf(results, perSecond), goal })
          const lone = connections === 1 ? ({ p50: { of: 'value', atMost: 1 } } as const) : {}
          bench.latencies(
            of,
            'answer',
            samplesOf(results, ({ latenciesMs }) => latenciesMs.flat()),
            lone,
          )
          const values = valuesOf(results, ({ processorUs }) => processorUs)
          bench.record({ of, what: 'processor time a post', unit: 'µs', values })
        }
      }),
    ),
}

async function load(
  url: string,
  pid: number | undefined,
  connections: number,
  seconds: number,
): Promise<Round> {
  const before = pid === undefined ? new Map() : threadTimes(pid)
  const result = await httpLoad({ url, requests: [POST], connections, seconds })
  const spentUs = pid === undefined ? Number.NaN : spentBetween(before, threadTimes(pid))
  return { ...result, processorUs: spentUs / result.requests }
}
