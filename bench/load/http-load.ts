// A load generator in a process of its own: keep-alive connections, one request at a time on each, by
// undici, the client that the SDK uses, for a given time or a given number of requests. Takes its job and
// gives its result over IPC.

import { Client } from 'undici'
import { answerJob } from '../processes.js'

export interface LoadJob {
  readonly url: string
  /** One after another on each connection, again and again; `{i}` and `{i%100}` become a running number. */
  readonly requests: readonly LoadRequest[]
  readonly connections: number
  /** Whichever ends first. */
  readonly seconds?: number
  readonly count?: number
}

export interface LoadRequest {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds of each answer, by the place of its request in the job. */
  readonly latenciesMs: readonly (readonly number[])[]
}

answerJob(async (job: LoadJob): Promise<LoadResult> => {
  const latenciesMs = job.requests.map((): number[] => [])
  const startedAt = performance.now()
  const stopAt = startedAt + (job.seconds ?? Number.POSITIVE_INFINITY) * 1_000
  let sent = 0
  const turns = { stopAt, next: () => (sent < (job.count ?? Number.POSITIVE_INFINITY) ? sent++ : undefined) }
  await Promise.all(Array.from({ length: job.connections }, () => hammer(job, turns, latenciesMs)))
  const seconds = (performance.now() - startedAt) / 1_000
  return { requests: sent, seconds, latenciesMs }
})

/** One connection: sends, waits for the whole answer, sends again, until the job is done. */
async function hammer(
  { url, requests }: LoadJob,
  { stopAt, next }: { readonly stopAt: number; readonly next: () => number | undefined },
  latenciesMs: readonly number[][],
): Promise<void> {
  const client = new Client(url)
  const headers = { 'content-type': 'application/json' }
  for (let now = performance.now(), place = 0; now < stopAt; place = (place + 1) % requests.length) {
    const number = next()
    if (number === undefined) break
    const { method = 'POST', path, body } = requests[place] as LoadRequest
    const answer = await client.request({
      method,
      path: numbered(path, number),
      ...(body !== undefined && { headers, body: numbered(body, number) }),
    })
    const text = await answer.body.text()
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`)
    const answeredAt = performance.now()
    latenciesMs[place]?.push(answeredAt - now)
    now = answeredAt
  }
  await client.close()
}

function numbered(text: string, number: number): string {
  return text.replaceAll('{i}', String(number)).replaceAll('{i%100}', String(number % 100))
}
