// One agent posts one message after another over files, while others wait there in long-polls. It also measures how soon
// one of these has its message. The baseline is two bare processes that hand each other files and flush.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { ArcClient } from '../../src/sdk/index.js'
import type { FileTripsJob } from '../baselines/file-trips.js'
import { type Bench, type Scenario, samplesOf } from '../bench.js'
import { makeFolder } from '../folders.js'
import type { HubUnderTest } from '../hubs.js'
import { relayLoad } from '../load.js'
import { end, runJob, script } from '../processes.js'
import type { Goal, Who } from '../report.js'

const FILE_TRIPS = script('file-trips')
const POLLERS = script('relay-pollers')
const AT_MOST_5: Goal = { of: 'value', atMost: 5 }

export const relayWait: Scenario = {
  name: 'relay-wait',
  about:
    'one post after another over files while others long-poll there; bare: two processes that hand on files and flush',
  run: (bench) =>
    bench.withSpools(async (hubs) => {
      if (hubs.length === 0) return
      if (bench.isRunning) bench.cannot('bare', 'round trips', 'the disk of a running hub may be another one')
      const bare = (isWarmUp: boolean) => bareTrips(tripsIn(bench, isWarmUp))
      for (const pollers of bench.quick ? [0, 50] : [0, 10, 50]) {
        const of = pollers === 0 ? 'nobody waits' : `${pollers} wait`
        const results = await bench.alternate<Round, Who>([
          ...(bench.isRunning ? [] : [['bare', bare] as const]),
          ...hubs.map(
            (hub) =>
              [hub.who, (isWarmUp: boolean) => measure(hub, pollers, tripsIn(bench, isWarmUp))] as const,
          ),
        ])
        const goals = pollers === 50 ? { p50: AT_MOST_5, p99: { of: 'value', atMost: 50 } as const } : {}
        const trips = samplesOf(results, ({ tripsMs }) => tripsMs)
        bench.latencies(of, 'round trip', trips, pollers === 0 ? { p50: AT_MOST_5 } : goals)
        if (pollers === 0) continue
        const wakes = samplesOf(results, ({ wakesMs }) => wakesMs)
        bench.latencies(of, 'wake', wakes, pollers === 50 ? { p95: { of: 'value', atMost: 20 } } : {})
      }
    }),
}

interface Round {
  readonly tripsMs: readonly number[]
  readonly wakesMs: readonly number[]
}

const tripsIn = (bench: Bench, isWarmUp: boolean) => (isWarmUp ? 20 : bench.quick ? 80 : 500)

async function bareTrips(trips: number): Promise<Round> {
  const tripsMs = await runJob<FileTripsJob, number[]>(FILE_TRIPS, { folder: makeFolder(), trips })
  return { tripsMs, wakesMs: [] }
}

async function measure(
  { spoolDir }: HubUnderTest & { spoolDir: string },
  pollers: number,
  posts: number,
): Promise<Round> {
  const waiting = fork(POLLERS, [spoolDir, `${pollers}`])
  const receivedAt = new Map<number, number>()
  waiting.on('message', ({ id, receivedAtMs }: { id?: number; receivedAtMs: number }) => {
    if (id !== undefined) receivedAt.set(id, receivedAtMs)
  })
  try {
    await once(waiting, 'message')
    const { latenciesMs } = await relayLoad({ spoolDir, agents: 1, postsEach: posts })
    const wakesMs = pollers === 0 ? [] : await wakes(spoolDir, pollers, posts / 2, receivedAt)
    return { tripsMs: latenciesMs, wakesMs }
  } finally {
    await end(waiting)
  }
}

/** Posts to one waiting poller after another. */
async function wakes(
  spoolDir: string,
  pollers: number,
  count: number,
  receivedAt: ReadonlyMap<number, number>,
): Promise<number[]> {
  const client = ArcClient.overRelay('waker', { spoolDir })
  const wakesMs: number[] = []
  for (let i = 0; i < count; i++) {
    const sentAt = performance.timeOrigin + performance.now()
    const { id } = await client.post(`wake ${i}`, { threadId: `thread-${i % pollers}` })
    while (!receivedAt.has(id)) await new Promise((resolve) => setTimeout(resolve, 1))
    wakesMs.push((receivedAt.get(id) as number) - sentAt)
  }
  await client.close()
  return wakesMs
}
