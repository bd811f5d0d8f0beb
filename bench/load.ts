// The load generators for scenarios. Each runs in a process of its own, so its processor time is not the hub's.

import type { LoadJob, LoadResult } from './load/http-load.js'
import type { BurstJob, RelayResult } from './load/relay-burst.js'
import type { RelayJob } from './load/relay-load.js'
import { runJob, script } from './processes.js'

export const httpLoad = (job: LoadJob) => runJob<LoadJob, LoadResult>(script('http-load'), job)

export const relayLoad = (job: RelayJob) => runJob<RelayJob, RelayResult>(script('relay-load'), job)

export const relayBurst = (job: BurstJob) => runJob<BurstJob, RelayResult>(script('relay-burst'), job)

export const perSecond = ({ requests, seconds }: { requests: number; seconds: number }) => requests / seconds
