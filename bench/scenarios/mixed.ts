// Ten agents at work, over HTTP and over files; they do an hour's work in a minute. Measured: how long their calls take,
// how soon a direct message arrives, and what the hub's process uses.

import { type Bench, type Scenario, samplesOf } from '../bench.js'
import type { HubUnderTest } from '../hubs.js'
import type { MixedJob, MixedResult } from '../load/mixed-agents.js'
import { activityBetween, lookAt } from '../process-facts.js'
import { runJob, script } from '../processes.js'
import type { Who } from '../report.js'

const AGENTS = 10
const LOAD = script('mixed-agents')

interface Round extends MixedResult {
  /** Percent of one core; undefined if the process is unknown. */
  readonly processor: number | undefined
  readonly memoryMb: number | undefined
}

export const mixed: Scenario = {
  name: 'mixed',
  about: `${AGENTS} agents at work, half of them over files: an hour of it in a minute`,
  run: (bench) =>
    bench.withHubs(async (hubs) => {
      const rounds = new Map<Who, Round[]>()
      for (const hub of hubs) {
        bench.progress(hub.who)
        rounds.set(hub.who, [await measure(bench, hub)])
      }
      const of = `${AGENTS} agents`
      bench.latencies(
        of,
        'call over HTTP',
        samplesOf(rounds, ({ httpMs }) => httpMs),
      )
      bench.latencies(
        of,
        'call over files',
        samplesOf(rounds, ({ filesMs }) => filesMs),
      )
      bench.latencies(
        of,
        'direct message',
        samplesOf(rounds, ({ deliveryMs }) => deliveryMs),
      )
      for (const [who, [round]] of rounds) {
        if (round?.processor === undefined)
          bench.cannot(who, 'processor time, memory', 'its process is not known here')
        else {
          bench.record({
            of,
            what: 'processor time, of a core',
            unit: '%',
            values: { [who]: [round.processor] },
          })
          bench.record({ of, what: 'memory', unit: 'MB', values: { [who]: [round.memoryMb ?? Number.NaN] } })
        }
      }
    }),
}

async function measure(bench: Bench, { who, url, spoolDir, pid }: HubUnderTest): Promise<Round> {
  if (spoolDir === undefined) bench.cannot(who, 'calls over files', 'its spool is not known')
  const seconds = bench.quick ? 3 : 60
  const before = pid === undefined ? undefined : lookAt(pid)
  const result = await runJob<MixedJob, MixedResult>(LOAD, { url, spoolDir, agents: AGENTS, seconds })
  const after = pid === undefined ? undefined : lookAt(pid)
  if (!before || !after) return { ...result, processor: undefined, memoryMb: undefined }
  const { processorPercent } = activityBetween(before, after)
  return { ...result, processor: processorPercent, memoryMb: after.residentMb }
}
