// One message wakes many agents in long-polls. The baseline is a bare server that holds and releases as many responses.
// During the wake of the largest crowd one client sends a GET after another, to show whether the hub still answers
// others.

import { Client } from 'undici'
import { type Loaded, withBare } from '../bare.js'
import { type Bench, type Scenario, samplesOf, valuesOf } from '../bench.js'
import { type HubUnderTest, result } from '../hubs.js'
import type { WakeJob, WakeResult } from '../load/wake-load.js'
import { type RunJob, withLoad } from '../load-process.js'
import { tooFewFiles } from '../process-facts.js'
import { script } from '../processes.js'
import type { Goal, Who } from '../report.js'

const HOLD_SERVER = script('hold-server')
const WAKE_LOAD = script('wake-load')

interface Case {
  readonly waiters: number
  readonly goals: { readonly p99?: Goal }
  readonly hasGets: boolean
}

const ONE: Case = { waiters: 1, goals: {}, hasGets: false }
const SOME: Case = { waiters: 100, goals: {}, hasGets: false }
const MANY: Case = { waiters: 1_000, goals: { p99: { of: 'ratio', atMost: 1.5 } }, hasGets: false }
const CROWD: Case = { waiters: 5_000, goals: {}, hasGets: true }
const MAX_GET_MS = 250

export const wake: Scenario = {
  name: 'wake',
  about:
    'agents in long-polls, all woken by one message, beside a bare node:http server that holds responses',
  run: (bench) =>
    bench.withHubs((hubs) =>
      withBare(HOLD_SERVER, async (bare) => {
        const cases = bench.quick ? [ONE, SOME] : [ONE, SOME, MANY, CROWD]
        const servers = [
          { ...bare, tellsWaiting: true },
          ...(await Promise.all(
            hubs.map(async (hub) => ({ ...hub, tellsWaiting: await tellsWaiting(hub) })),
          )),
        ]
        await withWakes(async (runWakes) => {
          for (const each of cases) await measure(bench, servers, runWakes, each)
        })
      }),
    ),
}

/** Whether a hub's status has `waiting_polls`. */
export async function tellsWaiting({ url }: Pick<HubUnderTest, 'url'>): Promise<boolean> {
  const { features } = await result<{ features: readonly string[] }>(url, '/v1/hub-info')
  return features.includes('arc:status')
}

export function withWakes<T>(work: (run: RunJob<WakeJob, WakeResult>) => Promise<T>): Promise<T> {
  return withLoad(WAKE_LOAD, work)
}

interface Server extends Loaded {
  readonly tellsWaiting: boolean
}

type Round = WakeResult & { readonly getsMs: readonly number[] }

async function measure(
  bench: Bench,
  servers: readonly Server[],
  runWakes: RunJob<WakeJob, WakeResult>,
  { waiters, goals, hasGets }: Case,
) {
  const of = waiters === 1 ? '1 waiter' : `${waiters.toLocaleString('en')} waiters`
  const able = servers.filter(({ who, pid }) => {
    const why = tooFewFiles(waiters, pid)
    if (why) bench.cannot(who, of, why)
    return !why
  })
  const run = async (server: Server, isWarmUp: boolean): Promise<Round> => {
    const job = jobFor(bench, server, waiters, isWarmUp)
    const gets = hasGets ? new Gets(server.url) : undefined
    const woken = await runWakes(job)
    if (woken.trouble) bench.progress(`${server.who}, ${of}: ${woken.trouble}`)
    return { ...woken, getsMs: (await gets?.end(woken.bursts)) ?? [] }
  }
  const results = await bench.alternate(
    able.map((server): [Who, (isWarmUp: boolean) => Promise<Round>] => [
      server.who,
      (isWarmUp) => run(server, isWarmUp),
    ]),
  )
  bench.deliveries(of, results, goals)
  bench.record({
    of,
    what: 'delivery max',
    unit: 'ms',
    values: valuesOf(results, ({ latenciesMs }) => latenciesMs.reduce((a, b) => Math.max(a, b), 0)),
  })
  if (hasGets) {
    const samples = samplesOf(results, ({ getsMs }) => getsMs)
    bench.latencies(of, 'GET meanwhile', samples, { p99: { of: 'value', atMost: MAX_GET_MS } })
  }
}

/** About as many deliveries in every case, but enough wakes to show their spread. */
function jobFor(bench: Bench, { url, tellsWaiting }: Server, waiters: number, isWarmUp: boolean): WakeJob {
  const wakes = bench.quick ? 10 : Math.max(3, Math.min(50, Math.ceil(10_000 / waiters)))
  const warmUps = Math.max(1, Math.min(20, Math.floor(2_000 / waiters)))
  return {
    url,
    postUrl: url,
    waiters,
    warmUps: isWarmUp ? warmUps : 1,
    wakes: isWarmUp ? 1 : wakes,
    deadlineMs: bench.quick ? 5_000 : 30_000,
    pauseMs: 0,
    tellsWaiting,
  }
}

/** Sends one GET after another from this process; the load runs in another. */
class Gets {
  readonly #client: Client
  readonly #times: (readonly [fromMs: number, toMs: number])[] = []
  readonly #done: Promise<void>
  #ended = false

  constructor(url: string) {
    this.#client = new Client(url)
    this.#done = this.#run()
    this.#done.catch(() => {}) // `end` throws it
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      const from = epochMs()
      const { body } = await this.#client.request({ method: 'GET', path: '/v1/hub-info' })
      await body.dump()
      this.#times.push([from, epochMs()])
    }
  }

  /** Milliseconds of each GET that overlaps one of the bursts. */
  async end(bursts: WakeResult['bursts']): Promise<number[]> {
    this.#ended = true
    await this.#done
    await this.#client.close()
    const during = this.#times.filter(([from, to]) =>
      bursts.some(([start, end]) => from <= end && to >= start),
    )
    return during.map(([from, to]) => to - from)
  }
}

function epochMs(): number {
  return performance.timeOrigin + performance.now()
}
