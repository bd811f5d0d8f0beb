// Ten agents at work, in a process of their own: they do an hour's work in a minute. Each waits for messages all the
// time, and also posts, locks and lists, over HTTP or over files. The job and the result cross IPC.

import { setTimeout as pause } from 'node:timers/promises'
import { ArcClient } from '../../src/sdk/index.js'
import { answerJob } from '../processes.js'

export interface MixedJob {
  readonly url: string
  /** Half of the agents use it. Undefined: all use HTTP. */
  readonly spoolDir: string | undefined
  readonly agents: number
  readonly seconds: number
}

export interface MixedResult {
  readonly calls: number
  /** Milliseconds of each call over HTTP, except polls; `filesMs` holds those over files. */
  readonly httpMs: readonly number[]
  readonly filesMs: readonly number[]
  /** Milliseconds from a direct message's post to its addressee's poll. */
  readonly deliveryMs: readonly number[]
}

/** Turns of each agent in a minute. */
const PER_MINUTE = { thoughts: 40 } as const

answerJob(async ({ url, spoolDir, agents, seconds }: MixedJob): Promise<MixedResult> => {
  const stopAt = performance.now() + seconds * 1_000
  const httpMs: number[] = []
  const filesMs: number[] = []
  const deliveryMs: number[] = []
  const crew = Array.from({ length: agents }, (_, i) => {
    const id = `mixed-${i}`
    const isBehindFiles = spoolDir !== undefined && i % 2 === 1
    const client = () =>
      isBehindFiles ? ArcClient.overRelay(id, { spoolDir }) : new ArcClient(id, { baseUrl: url })
    return { id, tookMs: isBehindFiles ? filesMs : httpMs, working: client(), listening: client() }
  })
  type Member = (typeof crew)[number]

  async function listen({ id, listening }: Member): Promise<void> {
    while (performance.now() < stopAt) {
      const leftSec = Math.max(1, Math.ceil((stopAt - performance.now()) / 1_000))
      for (const { to_agent, body } of await listening.poll({ timeout: Math.min(30, leftSec) })) {
        if (to_agent === id) deliveryMs.push(epochMs() - Number(body))
      }
    }
  }

  async function work({ id, working, tookMs }: Member, place: number): Promise<void> {
    const timed = async (call: () => Promise<unknown>) => {
      const startedAt = performance.now()
      await call()
      tookMs.push(performance.now() - startedAt)
    }
    const betweenMs = 60_000 / PER_MINUTE.thoughts
    await pause((betweenMs * place) / agents)
    for (let turn = 0; performance.now() < stopAt; turn++) {
      const file = `src/${id}-${turn}.ts`
      await timed(() =>
        working.post(`turn ${turn}: ${'what an agent says '.repeat(8)}`, { threadId: `t-${turn % 12}` }),
      )
      if (turn % 2 === 0)
        await timed(() => working.dm(`mixed-${(place + turn + 1) % agents}`, String(epochMs())))
      if (turn % 3 === 0) await timed(() => working.lock(file))
      if (turn % 3 === 0) await timed(() => working.unlock(file))
      if (turn % 5 === 0) await timed(() => working.listThreads())
      if (turn % 8 === 0) await timed(() => working.bootstrap())
      await pause(betweenMs)
    }
  }

  for (const { working } of crew) await working.register()
  await Promise.all(crew.flatMap((member, place) => [listen(member), work(member, place)]))
  for (const { working, listening } of crew) await Promise.all([working.close(), listening.close()])
  return { calls: httpMs.length + filesMs.length, httpMs, filesMs, deliveryMs }
})

function epochMs(): number {
  return performance.timeOrigin + performance.now()
}
