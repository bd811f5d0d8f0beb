// Agents that post over files all at once, beside one loop that does only the same file operations. Both clients are
// bare, since the SDK's time is not the relay's.

import type { FileLoopJob } from '../baselines/file-loop.js'
import { type Scenario, samplesOf, valuesOf } from '../bench.js'
import { makeFolder } from '../folders.js'
import type { RelayResult } from '../load/relay-burst.js'
import { perSecond, relayBurst } from '../load.js'
import { runJob, script } from '../processes.js'

const LOOP = script('file-loop')
const POSTS_EACH = 250

export const relay: Scenario = {
  name: 'relay',
  about: `posts over files, ${POSTS_EACH} of each agent at once, beside a bare loop of the same file operations`,
  run: (bench) =>
    bench.withSpools(async (hubs) => {
      for (const agents of bench.quick ? [8] : [1, 8, 32]) {
        const of = agents === 1 ? '1 agent' : `${agents} agents`
        const bare = async (isWarmUp: boolean): Promise<RelayResult> => {
          const requestsEach = isWarmUp ? 10 : POSTS_EACH
          const job: FileLoopJob = { folder: makeFolder(), agents, requestsEach }
          const { seconds } = await runJob<FileLoopJob, { seconds: number }>(LOOP, job)
          return { requests: agents * requestsEach, seconds, latenciesMs: [] }
        }
        const results = await bench.alternate([
          ['bare', bare],
          ...hubs.map(
            ({ who, spoolDir }) =>
              [who, () => relayBurst({ spoolDir, agents, postsEach: POSTS_EACH })] as const,
          ),
        ])
        const goal = agents === 8 ? ({ of: 'ratio', atLeast: 0.5 } as const) : undefined
        bench.record({ of, what: 'throughput', unit: '/s', values: valuesOf(results, perSecond), goal })
        bench.latencies(
          of,
          'answer',
          samplesOf(results, ({ latenciesMs }) => latenciesMs),
        )
      }
    }),
}
