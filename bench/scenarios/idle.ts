// An idle hub: ten agents wait in long-polls, and nobody posts. The baseline is a bare server that holds ten responses.
// Both are measured in the same minute, since neither takes the machine from the other.

import { type Loaded, withBare } from '../bare.js'
import { type Bench, type Scenario, valuesOf } from '../bench.js'
import type { IdleJob, IdleSlice } from '../load/idle-load.js'
import { lookAt } from '../process-facts.js'
import { runJob, script } from '../processes.js'
import type { Who } from '../report.js'

const HOLD_SERVER = script('hold-server')
const IDLE_LOAD = script('idle-load')

const WAITERS = 10
/** As long as the longest long-poll, so each agent polls again once. */
const FULL = { totalMs: 60_000, settleMs: 5_000 }
const QUICK = { totalMs: 4_500, settleMs: 500 }

export const idle: Scenario = {
  name: 'idle',
  about:
    'a hub on which agents wait and nothing happens, beside a bare node:http server that holds as many responses',
  run: (bench) => bench.withHubs((hubs) => withBare(HOLD_SERVER, (bare) => measure(bench, [bare, ...hubs]))),
}

async function measure(bench: Bench, servers: readonly Loaded[]): Promise<void> {
  const of = `${WAITERS} waiters`
  const { totalMs, settleMs } = bench.quick ? QUICK : FULL
  const size = { waiters: WAITERS, settleMs, slices: bench.rounds, sliceMs: totalMs / bench.rounds }
  const jobs = servers.flatMap(({ who, url, pid }): (readonly [Who, IdleJob])[] => {
    if (pid !== undefined && lookAt(pid)) return [[who, { ...size, url, pid }]]
    const why = pid === undefined ? 'its process is not known' : 'its process is not to be seen in /proc'
    bench.cannot(who, of, why)
    return []
  })
  bench.progress(`all of them for ${totalMs / 1_000} s`)
  const results = new Map(
    await Promise.all(
      jobs.map(
        async ([who, job]) => [who, await runJob<IdleJob, readonly IdleSlice[]>(IDLE_LOAD, job)] as const,
      ),
    ),
  )
  // A running hub may have other clients.
  const goal = (atMost: number) => (bench.isRunning ? undefined : ({ of: 'value', atMost } as const))
  bench.record({
    of,
    what: 'processor time',
    unit: '%',
    values: valuesOf(results, ({ processorPercent }) => processorPercent),
    goal: goal(1),
  })
  bench.record({
    of,
    what: 'resident memory',
    unit: 'MB',
    values: valuesOf(results, ({ residentMb }) => residentMb),
    // A hub frees the memory of its start about ten seconds later.
    goal: bench.quick ? undefined : goal(110),
  })
  bench.record({
    of,
    what: 'voluntary context switches',
    unit: '/s',
    values: valuesOf(results, ({ switchesPerSec }) => switchesPerSec),
  })
}
