// A load of agents behind the file relay, in a process of its own: each sends its posts all at once, or one
// after another, by the client that the SDK gives them. Takes its job and gives its result over IPC.

import { ArcClient } from '../../src/sdk/index.js'
import { answerJob } from '../processes.js'

export interface RelayJob {
  readonly spoolDir: string
  readonly agents: number
  readonly postsEach: number
  /** True: an agent's posts are all submitted before it looks for an answer. */
  readonly atOnce: boolean
}

export interface RelayResult {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds from a post's submission to its answer, ascending. */
  readonly latenciesMs: readonly number[]
}

const TIMEOUT_SEC = 300

answerJob(async ({ spoolDir, agents, postsEach, atOnce }: RelayJob): Promise<RelayResult> => {
  const clients = Array.from({ length: agents }, (_, i) =>
    ArcClient.overRelay(`agent-${i}`, { spoolDir, timeout: TIMEOUT_SEC }),
  )
  await Promise.all(clients.map((client) => client.listChannels())) // folders, watches, code
  const latenciesMs: number[] = []
  const post = async (client: ArcClient, i: number) => {
    const submittedAt = performance.now()
    await client.post(`message ${i} ${'x'.repeat(180)}`)
    latenciesMs.push(performance.now() - submittedAt)
  }
  const startedAt = performance.now()
  await Promise.all(
    clients.map(async (client) => {
      const numbers = Array.from({ length: postsEach }, (_, i) => i)
      if (atOnce) await Promise.all(numbers.map((i) => post(client, i)))
      else for (const i of numbers) await post(client, i)
    }),
  )
  const seconds = (performance.now() - startedAt) / 1_000
  await Promise.all(clients.map((client) => client.close()))
  return { requests: latenciesMs.length, seconds, latenciesMs: latenciesMs.sort((a, b) => a - b) }
})
