// Bench: what a scenario gets. It provides the hubs, runs the rounds in turns, and collects the figures.

import { type Address, type HubUnderTest, result, runningHub, withOwnHub } from './hubs.js'
import {
  type ByWho,
  type Distribution,
  type Figure,
  type Goal,
  type Impossible,
  quantilesOf,
  WHO,
  type Who,
} from './report.js'
import { percentile } from './statistics.js'

export interface BenchOptions {
  /** Fewer and shorter rounds: the whole run takes about a minute. */
  readonly quick: boolean
  readonly rounds: number
  /** How far the history grows in `growth`. Default: 100,000, quick 5,000. */
  readonly messages?: number | undefined
  /** A running hub. Absent: each scenario starts a hub of its own. */
  readonly hub?: Address | undefined
  /** A second running hub, measured in turns with the first. */
  readonly compare?: Address | undefined
  /** Called with each step. */
  readonly progress: (text: string) => void
}

export interface Scenario {
  readonly name: string
  readonly about: string
  readonly run: (bench: Bench) => Promise<void>
}

/** Milliseconds of every request of a round. */
export type Samples = { readonly [who in Who]?: readonly (readonly number[])[] }

export interface LatencyGoals {
  readonly p50?: Goal
  readonly p95?: Goal
  readonly p99?: Goal
}

export interface Delivered {
  /** One for each delivered message and reader. */
  readonly latenciesMs: readonly number[]
  readonly expected: number
}

export class Bench {
  readonly #options: BenchOptions
  readonly figures: Figure[] = []
  readonly distributions: Distribution[] = []
  readonly impossible: Impossible[] = []
  /** What the hub under test says of its durability; null where it says nothing. */
  durability: string | null = null

  constructor(options: BenchOptions) {
    this.#options = options
  }

  get quick(): boolean {
    return this.#options.quick
  }

  get rounds(): number {
    return this.#options.rounds
  }

  get messages(): number {
    return this.#options.messages ?? (this.quick ? 5_000 : 100_000)
  }

  progress(text: string): void {
    this.#options.progress(text)
  }

  /** Whether the hub under test was running before. Such a hub can't serve a scenario that needs an empty one. */
  get isRunning(): boolean {
    return this.#options.hub !== undefined
  }

  /** Runs `work` with the hub under test, and with the hub to compare if there is one. */
  async withHubs(work: (hubs: readonly HubUnderTest[]) => Promise<void>): Promise<void> {
    const { hub, compare } = this.#options
    const other = compare ? [await runningHub('compare', compare)] : []
    const measured = async (tested: HubUnderTest) => {
      this.durability = await durabilityOf(tested)
      await work([...other, tested])
    }
    if (hub) await measured(await runningHub('hub', hub))
    else await withOwnHub(measured)
  }

  /** The same with the hubs whose spool is known. It reports the others as impossible. */
  withSpools(work: (hubs: readonly (HubUnderTest & { spoolDir: string })[]) => Promise<void>): Promise<void> {
    return this.withHubs(async (hubs) => {
      const able = hubs.flatMap((hub) => {
        if (hub.spoolDir !== undefined) return [{ ...hub, spoolDir: hub.spoolDir }]
        const option = hub.who === 'hub' ? '--spool-dir' : '--compare-spool'
        this.cannot(hub.who, 'the file relay', `its spool is not known; name it with ${option}`)
        return []
      })
      await work(able)
    })
  }

  /** Runs each of `runs` once a round, in turns, so that a noisy minute hits all. Each has a warm-up before. */
  async alternate<T, Runner extends string = Who>(
    runs: readonly (readonly [who: Runner, run: (isWarmUp: boolean) => Promise<T>])[],
    rounds = this.rounds,
  ): Promise<Map<Runner, T[]>> {
    const results = new Map<Runner, T[]>(runs.map(([who]) => [who, []]))
    for (const [who, run] of runs) {
      this.progress(`${who}, warm-up`)
      await run(true)
    }
    for (let round = 1; round <= rounds; round++) {
      for (const [who, run] of runs) {
        this.progress(`${who}, round ${round} of ${rounds}`)
        results.get(who)?.push(await run(false))
      }
    }
    return results
  }

  record(figure: Figure): void {
    if (Object.keys(figure.values).length > 0) this.figures.push(figure)
  }

  /** Records p50 and p99 (p95 where it has a goal) of each round, and the distribution of all samples. */
  latencies(of: string, what: string, samples: Samples, goals: LatencyGoals = {}): void {
    const present = WHO.filter((who) => samples[who]?.some((round) => round.length > 0))
    const shares = { p50: 0.5, ...(goals.p95 && { p95: 0.95 }), p99: 0.99 }
    for (const [name, share] of Object.entries(shares)) {
      const values: ByWho = Object.fromEntries(
        present.map((who) => [who, (samples[who] ?? []).map((round) => percentile(ascending(round), share))]),
      )
      const goal = goals[name as keyof typeof goals]
      this.record({ of, what: `${what} ${name}`, unit: 'ms', values, goal })
    }
    const all = (who: Who) => (samples[who] ?? []).flat()
    this.distributions.push({
      of,
      what,
      unit: 'ms',
      quantiles: Object.fromEntries(present.map((who) => [who, quantilesOf(all(who))])),
      counts: Object.fromEntries(present.map((who) => [who, all(who).length])),
    })
  }

  /** Records how soon messages were delivered, and what share of them. The goal is all. */
  deliveries(of: string, results: ReadonlyMap<Who, readonly Delivered[]>, goals: LatencyGoals = {}): void {
    this.latencies(
      of,
      'delivery',
      samplesOf(results, ({ latenciesMs }) => latenciesMs),
      goals,
    )
    const values = valuesOf(results, ({ latenciesMs, expected }) => (latenciesMs.length / expected) * 100)
    this.record({ of, what: 'delivered', unit: '%', values, goal: { of: 'value', atLeast: 100 } })
  }

  cannot(who: Who, what: string, why: string): void {
    this.impossible.push({ who, what, why })
  }
}

async function durabilityOf({ url }: HubUnderTest): Promise<string | null> {
  const status = await result<{ durability?: Record<string, string> }>(url, '/v1/status').catch(
    () => undefined,
  )
  const { journal_mode: journal, synchronous } = status?.durability ?? {}
  return journal === undefined ? null : `journal ${journal}, synchronous ${synchronous}`
}

const ascending = (samples: readonly number[]) => [...samples].sort((a, b) => a - b)

/** One value for each round of `alternate`'s result. */
export function valuesOf<T>(results: ReadonlyMap<Who, readonly T[]>, value: (round: T) => number): ByWho {
  return Object.fromEntries([...results].map(([who, rounds]) => [who, rounds.map(value)]))
}

/** One list of samples for each round of `alternate`'s result. */
export function samplesOf<T>(
  results: ReadonlyMap<Who, readonly T[]>,
  samples: (round: T) => readonly number[],
): Samples {
  return Object.fromEntries([...results].map(([who, rounds]) => [who, rounds.map(samples)]))
}
