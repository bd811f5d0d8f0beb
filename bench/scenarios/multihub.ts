// Two hubs on one storage file: an agent waits at one, and another agent posts at the other. It measures how soon a hub
// notices another process's commit, beside the same within one hub.

import type { Bench, Scenario } from '../bench.js'
import { type HubUnderTest, result, withOwnHub } from '../hubs.js'
import type { WakeJob } from '../load/wake-load.js'
import { tellsWaiting, withWakes } from './wake.js'

/** A random pause up to this long before each post: a hub that looks at intervals is met at every point of one. */
const PAUSE_MS = 50
const DEADLINE_MS = 5_000

export const multihub: Scenario = {
  name: 'multihub',
  about:
    'an agent waits at one hub and is woken by a post at another on the same storage, beside one hub alone',
  run: (bench) =>
    bench.withHubs(async (hubs) => {
      for (const hub of hubs) {
        if (hub.isOwn) await measure(bench, hub)
        else bench.cannot(hub.who, 'two hubs on one storage', 'it is running already: this needs fresh ones')
      }
    }),
}

async function measure(bench: Bench, hub: HubUnderTest): Promise<void> {
  const { storage_path } = await result<{ storage_path: string }>(hub.url, '/v1/hub-info')
  const job: Omit<WakeJob, 'postUrl'> = {
    url: hub.url,
    waiters: 1,
    warmUps: 1,
    wakes: bench.quick ? 15 : 100,
    deadlineMs: DEADLINE_MS,
    pauseMs: PAUSE_MS,
    tellsWaiting: await tellsWaiting(hub),
  }
  await withOwnHub(
    (other) =>
      withWakes(async (runWakes) => {
        const wakeBy = (postUrl: string) => (isWarmUp: boolean) =>
          runWakes({ ...job, postUrl, ...(isWarmUp && { warmUps: 5, wakes: 1 }) })
        const results = await bench.alternate([
          ['bare', wakeBy(hub.url)],
          ['hub', wakeBy(other.url)],
        ])
        bench.deliveries('1 waiter', results)
      }),
    storage_path,
  )
}
