// Durable posts, one at a time on each of 1, 8 and 64 connections. There are two baselines: a server that stores nothing,
// and one that only flushes. In a minute in which the disk is slow, the latter and a hub of the bench's own are slow.

import { join } from 'node:path'
import { type Loaded, withBare } from '../bare.js'
import { type Bench, type LatencyGoals, type Scenario, samplesOf, valuesOf } from '../bench.js'
import { makeFolder } from '../folders.js'
import type { LoadJob, LoadResult } from '../load/http-load.js'
import { httpLoad, perSecond } from '../load.js'
import { spentBetween, threadTimes } from '../process-costs.js'
import { script } from '../processes.js'
import { type Goal, WHO, type Who } from '../report.js'

const ECHO = script('echo-server')
const POST = {
  path: '/v1/messages',
  body: JSON.stringify({ from_agent: 'bench', channel: 'general', body: `message {i} ${'x'.repeat(180)}` }),
}

interface Round extends LoadResult {
  /** Microseconds of the server's processor time for each request; NaN if unknown. */
  readonly processorUs: number
}

const QUICK = { seconds: 0.4 }
const FULL = { seconds: 3 }
/** V8 compiles a server's code within some thousand requests, however long they take. */
const WARM_UP = { count: 5_000, seconds: 15 }

interface Case {
  readonly of: string
  readonly load: Pick<LoadJob, 'connections' | 'by'>
  /** Default: the run's number of rounds. */
  readonly rounds?: number
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
/** The clients' own processor time decides this ratio. So it is measured with the cheapest clients and with dear ones. */
const MANY_BY_SOCKETS: Case = {
  of: '64 connections, by bare sockets',
  load: { connections: 64, by: 'sockets' },
  rounds: 9, // a shared machine's speed changes within seconds
  throughput: THROUGHPUT,
}
const MANY_BY_FETCH: Case = {
  of: '64 connections, by fetch',
  load: { connections: 64, by: 'fetch' },
  throughput: THROUGHPUT,
}

/** A hub, the bare server, or the bare server that flushes. */
type Server = Omit<Loaded, 'who'> & { readonly who: Who | 'flushing' }

export const posts: Scenario = {
  name: 'posts',
  about:
    'durable POST /v1/messages, beside a bare node:http server that echoes JSON: one that stores nothing, and one that flushes to disk',
  run: (bench) =>
    bench.withHubs((hubs) =>
      withBare(ECHO, async (bare) => {
        const cases = bench.quick
          ? [ALONE, MANY_BY_SOCKETS]
          : [ALONE, FEW, MANY_BY_SOCKETS, MANY, MANY_BY_FETCH]
        const measureAll = async (servers: readonly Server[]) => {
          for (const each of cases) await measure(bench, servers, each)
        }
        const servers = [...hubs, bare]
        if (bench.isRunning) {
          bench.cannot('bare', 'a flush to disk', 'the disk of a running hub may be another one')
          await measureAll(servers)
        } else {
          const args = [join(makeFolder(), 'log')]
          await withBare(
            ECHO,
            ({ url, pid }) => measureAll([...servers, { who: 'flushing', url, pid }]),
            args,
          )
        }
      }),
    ),
}

async function measure(
  bench: Bench,
  servers: readonly Server[],
  { of, load, rounds, throughput, answer }: Case,
): Promise<void> {
  bench.progress(of)
  const results = await bench.alternate(
    servers.map((server): [Server['who'], (isWarmUp: boolean) => Promise<Round>] => [
      server.who,
      (isWarmUp) => round(server, { ...load, ...(bench.quick ? QUICK : isWarmUp ? WARM_UP : FULL) }),
    ]),
    bench.quick ? undefined : rounds,
  )
  const besideBare = beside(results, 'bare')
  const throughputs = valuesOf(besideBare, perSecond)
  bench.record({ of, what: 'throughput', unit: '/s', values: throughputs, goal: throughput })
  bench.latencies(of, 'answer', samplesOf(besideBare, answers), answer)
  const processorUs = valuesOf(besideBare, (round) => round.processorUs)
  bench.record({ of, what: 'processor time a post', unit: 'µs', values: processorUs })
  if (!results.has('flushing')) return
  const besideFlushing = beside(results, 'flushing')
  const what = 'throughput (bare: flushes too)'
  bench.record({ of, what, unit: '/s', values: valuesOf(besideFlushing, perSecond) })
  bench.latencies(of, 'answer (bare: flushes too)', samplesOf(besideFlushing, answers))
}

/** The hubs' rounds beside those of one of the two bare servers. */
function beside(
  results: ReadonlyMap<Server['who'], Round[]>,
  bare: 'bare' | 'flushing',
): ReadonlyMap<Who, Round[]> {
  return new Map(
    WHO.flatMap((who) => {
      const rounds = results.get(who === 'bare' ? bare : who)
      return rounds ? [[who, rounds] as const] : []
    }),
  )
}

const answers = ({ latenciesMs }: Round) => latenciesMs.flat()

async function round({ url, pid }: Server, load: Omit<LoadJob, 'url' | 'requests'>): Promise<Round> {
  const before = pid === undefined ? new Map() : threadTimes(pid)
  const result = await httpLoad({ ...load, url, requests: [POST] })
  const spentUs = pid === undefined ? Number.NaN : spentBetween(before, threadTimes(pid))
  return { ...result, processorUs: spentUs / result.requests }
}
