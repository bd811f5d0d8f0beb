// Runs benchmark scenarios one after another, and collects their figures in a report.

import { Bench, type BenchOptions, type Scenario } from './bench.js'
import { environment } from './environment.js'
import type { Report, ScenarioReport } from './report.js'

export interface RunOptions extends Omit<BenchOptions, 'progress'> {
  readonly scenarios: readonly Scenario[]
  /** Called with each scenario and step. */
  readonly progress: (scenario: string, step: string) => void
  readonly finished: (scenario: ScenarioReport) => void
}

export async function runBench({ scenarios, finished, ...options }: RunOptions): Promise<Report> {
  const reports: ScenarioReport[] = []
  let durability: string | null = null
  for (const { name, about, run } of scenarios) {
    const bench = new Bench({ ...options, progress: (step) => options.progress(name, step) })
    const startedAt = performance.now()
    await run(bench)
    const { figures, distributions, impossible } = bench
    const tookSec = (performance.now() - startedAt) / 1_000
    const report = { name, about, tookSec, figures, distributions, impossible }
    durability ??= bench.durability
    reports.push(report)
    finished(report)
  }
  return {
    size: options.quick ? 'quick' : 'full',
    rounds: options.rounds,
    environment: environment(durability),
    hub: options.hub?.url ?? 'a hub of its own',
    compare: options.compare?.url ?? null,
    scenarios: reports,
  }
}
