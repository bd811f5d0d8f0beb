// Durable posts at 1, 8 and 64 connections, beside a bare `node:http` JSON echo server in the same run.
// Rounds alternate between the two, so that a noisy minute hits both; the ratio is the median of rounds.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoadJob, LoadResult } from '../load/http-load.js'
import { runJob, type ServerProcess, startServer } from '../processes.js'
import { spentBetween, threadTimes } from '../processor-time.js'
import { median, percentile } from '../statistics.js'

export interface PostsRow {
  readonly connections: number
  readonly bare: Measured
  readonly hub: Measured
  /** Hub throughput over bare throughput: the median, the lowest and the highest of the rounds. */
  readonly ratio: { readonly median: number; readonly min: number; readonly max: number }
}

interface Measured {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Processor time of the server for each request, by thread, the busiest first: microseconds, the median of the rounds. */
  readonly threadsUs: readonly number[]
}

export interface PostsOptions {
  readonly connections: readonly number[]
  readonly rounds: number
  readonly secondsPerRound: number
}

const BODY = JSON.stringify({
  from_agent: 'bench',
  channel: 'general',
  body: `message {i} ${'x'.repeat(180)}`,
})

export async function posts({ connections, rounds, secondsPerRound }: PostsOptions): Promise<PostsRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'arc-bench-'))
  const servers: ServerProcess[] = []
  try {
    const bare = await startServer(new URL('../baselines/echo-server.js', import.meta.url))
    servers.push(bare)
    const hub = await startServer(new URL('../baselines/hub-process.js', import.meta.url), [
      join(folder, 'arc.sqlite3'),
    ])
    servers.push(hub)
    const rows: PostsRow[] = []
    for (const count of connections) {
      const load = (server: ServerProcess, seconds = secondsPerRound) => runLoad(server, count, seconds)
      await Promise.all([load(bare, 1), load(hub, 1)]) // warm-up
      const pairs: [Round, Round][] = []
      for (let round = 0; round < rounds; round++) pairs.push([await load(bare), await load(hub)])
      const ratios = pairs.map(([bareRound, hubRound]) => rate(hubRound) / rate(bareRound))
      rows.push({
        connections: count,
        bare: summary(pairs.map(([result]) => result)),
        hub: summary(pairs.map(([, result]) => result)),
        ratio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
      })
    }
    return rows
  } finally {
    for (const server of servers) await server.stop()
    rmSync(folder, { recursive: true })
  }
}

interface Round extends LoadResult {
  readonly threadsUs: readonly number[]
}

async function runLoad({ port, pid }: ServerProcess, connections: number, seconds: number): Promise<Round> {
  const job: LoadJob = { port, path: '/v1/messages', body: BODY, connections, seconds }
  const before = threadTimes(pid)
  const result = await runJob<LoadJob, LoadResult>(new URL('../load/http-load.js', import.meta.url), job)
  const threadsUs = spentBetween(before, threadTimes(pid)).map((time) => time / result.requests)
  return { ...result, threadsUs }
}

const rate = ({ requests, seconds }: LoadResult) => requests / seconds

function summary(results: readonly Round[]): Measured {
  const latencies = results.flatMap((result) => result.latenciesMs).sort((a, b) => a - b)
  return {
    perSecond: median(results.map(rate)),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    threadsUs: (results[0]?.threadsUs ?? []).map((_, i) =>
      median(results.map(({ threadsUs }) => threadsUs[i] ?? 0)),
    ),
  }
}
