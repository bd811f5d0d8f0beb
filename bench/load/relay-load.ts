// Agents behind the file relay, in a process of their own: each sends one post after another by the SDK's client. The
// job and the result cross IPC.

import { ArcClient } from '../../src/sdk/index.js'
import { answerJob } from '../processes.js'
import type { RelayResult } from './relay-burst.js'

export interface RelayJob {
  readonly spoolDir: string
  readonly agents: number
  readonly postsEach: number
}

const TIMEOUT_SEC = 300

answerJob(async ({ spoolDir, agents, postsEach }: RelayJob): Promise<RelayResult> => {
  const clients = Array.from({ length: agents }, (_, i) =>
    ArcClient.overRelay(`agent-${i}`, { spoolDir, timeout: TIMEOUT_SEC }),
  )
  await Promise.all(clients.map((client) => client.listChannels())) // opens folders and watches, loads code
  const latenciesMs: number[] = []
  const post = async (client: ArcClient, i: number) => {
    const submittedAt = performance.now()
    await client.post(`message ${i} ${'x'.repeat(180)}`)
    latenciesMs.push(performance.now() - submittedAt)
  }
  const startedAt = performance.now()
  await Promise.all(
    clients.map(async (client) => {
      for (let i = 0; i < postsEach; i++) await post(client, i)
    }),
  )
  const seconds = (performance.now() - startedAt) / 1_000
  await Promise.all(clients.map((client) => client.close()))
  return { requests: latenciesMs.length, seconds, latenciesMs: latenciesMs.sort((a, b) => a - b) }
})
