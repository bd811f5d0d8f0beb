// A load generator in a process of its own: keep-alive connections, one request at a time on each, for a
// given time, by undici, the client that the SDK uses. Takes its job and gives its result over IPC.

import { Client } from 'undici'
import { answerJob } from '../processes.js'

export interface LoadJob {
  readonly port: number
  readonly path: string
  /** Sent as a POST; `{i}` becomes a running number. */
  readonly body: string
  readonly connections: number
  readonly seconds: number
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds, one for each request, ascending. */
  readonly latenciesMs: readonly number[]
}

answerJob(async (job: LoadJob): Promise<LoadResult> => {
  const latenciesMs: number[] = []
  const startedAt = performance.now()
  const stopAt = startedAt + job.seconds * 1_000
  let sent = 0
  const next = () => job.body.replace('{i}', String(sent++))
  await Promise.all(Array.from({ length: job.connections }, () => hammer(job, next, stopAt, latenciesMs)))
  const seconds = (performance.now() - startedAt) / 1_000
  return { requests: latenciesMs.length, seconds, latenciesMs: latenciesMs.sort((a, b) => a - b) }
})

/** One connection: sends, waits for the whole answer, sends again, until the time is up. */
async function hammer({ port, path }: LoadJob, next: () => string, stopAt: number, latenciesMs: number[]) {
  const client = new Client(`http://127.0.0.1:${port}`)
  const headers = { 'content-type': 'application/json' }
  for (let now = performance.now(); now < stopAt; ) {
    const { statusCode, body } = await client.request({ method: 'POST', path, headers, body: next() })
    const text = await body.text()
    if (statusCode !== 201) throw new Error(`${statusCode}: ${text}`)
    const answeredAt = performance.now()
    latenciesMs.push(answeredAt - now)
    now = answeredAt
  }
  await client.close()
}
