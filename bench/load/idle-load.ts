// Agents in long-polls that nobody wakes, in a process of its own; it also measures the server's process. An agent polls
// again when its poll ends. The time is cut into slices, so that the figures have a spread.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Activity, activityBetween, type Look, lookAt } from '../process-facts.js'
import { answerJob } from '../processes.js'
import { Poster } from './poster.js'
import { Waiter } from './waiter.js'

export interface IdleJob {
  readonly url: string
  /** The server's process. */
  readonly pid: number
  readonly waiters: number
  /** Milliseconds before the first slice, in which the work of the start and of the first polls ends. */
  readonly settleMs: number
  readonly slices: number
  readonly sliceMs: number
}

export interface IdleSlice extends Activity {
  /** Resident MiB at the end of the slice. */
  readonly residentMb: number
}

answerJob(async (job: IdleJob): Promise<readonly IdleSlice[]> => {
  const poster = new Poster(job.url)
  const sinceId = await poster.latestId()
  await poster.close()
  const waiters = Array.from({ length: job.waiters }, (_, i) => new Waiter(job.url, `waiter-${i}`, sinceId))
  for (const waiter of waiters) pollForEver(waiter)
  await sleep(job.settleMs)
  const slices: IdleSlice[] = []
  let before = present(job.pid)
  for (let i = 0; i < job.slices; i++) {
    await sleep(job.sliceMs)
    const after = present(job.pid)
    slices.push({ ...activityBetween(before, after), residentMb: after.residentMb })
    before = after
  }
  return slices
})

function pollForEver(waiter: Waiter): void {
  waiter.poll(
    (answer) => {
      waiter.skip(answer)
      pollForEver(waiter)
    },
    (error) => {
      throw error
    },
  )
}

function present(pid: number): Look {
  const look = lookAt(pid)
  if (!look) throw new Error(`process ${pid} has ended`)
  return look
}
