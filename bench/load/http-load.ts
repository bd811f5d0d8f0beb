// A load generator in a process of its own: keep-alive connections, one request at a time on each, for a number of
// seconds or of requests. The job and the result cross IPC.

import { Client } from 'undici'
import { answerJob } from '../processes.js'
import { RawConnection } from './raw-connection.js'

export interface LoadJob {
  readonly url: string
  /** Each connection sends them in order, in a loop. `{i}` and `{i%100}` become the request's number. */
  readonly requests: readonly LoadRequest[]
  readonly connections: number
  /** The load ends at `seconds` or `count`, whichever comes first. */
  readonly seconds?: number
  readonly count?: number
  /**
   * Default: undici's `Client`. `sockets` are bare ones: they take least of the machine from the server. `fetch` is what a
   * program without a client library uses, and costs ten times as much.
   */
  readonly by?: 'undici' | 'sockets' | 'fetch'
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

/** One connection: it sends, reads the whole answer, and sends again, until the job ends. */
async function hammer(
  { url, requests, by = 'undici' }: LoadJob,
  { stopAt, next }: { readonly stopAt: number; readonly next: () => number | undefined },
  latenciesMs: readonly number[][],
): Promise<void> {
  const connection = CONNECTIONS[by](url)
  for (let now = performance.now(), place = 0; now < stopAt; place = (place + 1) % requests.length) {
    const number = next()
    if (number === undefined) break
    const { method = 'POST', path, body } = requests[place] as LoadRequest
    const answer = await connection.exchange({
      method,
      path: numbered(path, number),
      ...(body !== undefined && { headers: JSON_HEADERS, body: numbered(body, number) }),
    })
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
    const answeredAt = performance.now()
    latenciesMs[place]?.push(answeredAt - now)
    now = answeredAt
  }
  await connection.close()
}

interface Connection {
  exchange(request: WireRequest): Promise<{ readonly status: number; readonly text: string }>
  close(): Promise<void>
}

interface WireRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

const JSON_HEADERS = { 'content-type': 'application/json' }

const CONNECTIONS: Readonly<Record<NonNullable<LoadJob['by']>, (url: string) => Connection>> = {
  undici: (url) => {
    const client = new Client(url)
    return {
      exchange: async (request) => {
        const { statusCode, body } = await client.request(request)
        return { status: statusCode, text: await body.text() }
      },
      close: () => client.close(),
    }
  },
  sockets: (url) => new RawConnection(url),
  // `fetch` keeps one connection for each concurrent request.
  fetch: (url) => ({
    exchange: async ({ path, ...request }) => {
      const answer = await fetch(url + path, request)
      return { status: answer.status, text: await answer.text() }
    },
    close: async () => {},
  }),
}

function numbered(text: string, number: number): string {
  return text.replaceAll('{i}', String(number)).replaceAll('{i%100}', String(number % 100))
}
