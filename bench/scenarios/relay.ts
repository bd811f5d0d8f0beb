// The file relay. `relay`: agents that post all at once, beside a bare loop of the same file operations in
// the same run. `relay-wait`: one agent that posts one thing after another while others are parked in
// long-polls, and how soon a parked one has the message that it waits for.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ArcClient } from '../../src/sdk/index.js'
import type { FileLoopJob } from '../baselines/file-loop.js'
import type { RelayJob, RelayResult } from '../load/relay-load.js'
import { end, runJob, startServer } from '../processes.js'
import { median, percentile } from '../statistics.js'

export interface RelayRow {
  readonly agents: number
  readonly requests: number
  readonly barePerSecond: number
  readonly hubPerSecond: number
  /** Hub over bare: the median, the lowest and the highest of the rounds. */
  readonly ratio: { readonly median: number; readonly min: number; readonly max: number }
  readonly p50Ms: number
  readonly p99Ms: number
}

export async function relay(options: {
  agents: readonly number[]
  rounds: number
  postsEach: number
}): Promise<RelayRow[]> {
  const rows: RelayRow[] = []
  for (const agents of options.agents) {
    rows.push(
      await withHub((spoolDir, folder) => measureThroughput(spoolDir, folder, { ...options, agents })),
    )
  }
  return rows
}

async function measureThroughput(
  spoolDir: string,
  folder: string,
  { agents, rounds, postsEach }: { agents: number; rounds: number; postsEach: number },
): Promise<RelayRow> {
  const load = () => runRelayLoad({ spoolDir, agents, postsEach, atOnce: true })
  await load() // warm-up
  const bare: number[] = []
  const hub: RelayResult[] = []
  for (let round = 0; round < rounds; round++) {
    const job: FileLoopJob = { folder: join(folder, `bare-${round}`), agents, requestsEach: postsEach }
    const loop = await runJob<FileLoopJob, { seconds: number }>(
      new URL('../baselines/file-loop.js', import.meta.url),
      job,
    )
    bare.push((agents * postsEach) / loop.seconds)
    hub.push(await load())
  }
  const perSecond = hub.map(({ requests, seconds }) => requests / seconds)
  const ratios = perSecond.map((rate, round) => rate / (bare[round] as number))
  const latencies = hub.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b)
  return {
    agents,
    requests: agents * postsEach,
    barePerSecond: median(bare),
    hubPerSecond: median(perSecond),
    ratio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  }
}

export interface RelayWaitRow {
  readonly pollers: number
  /** Round trip of a post. */
  readonly postP50Ms: number
  readonly postP99Ms: number
  /** From a post's submission until the poller that waited for it has the message. */
  readonly wakeP50Ms: number
  readonly wakeP95Ms: number
}

export async function relayWait(options: {
  pollers: readonly number[]
  posts: number
}): Promise<RelayWaitRow[]> {
  const rows: RelayWaitRow[] = []
  for (const pollers of options.pollers) {
    rows.push(await withHub((spoolDir) => measureWaiting(spoolDir, pollers, options.posts)))
  }
  return rows
}

async function measureWaiting(spoolDir: string, pollers: number, posts: number): Promise<RelayWaitRow> {
  const waiting = fork(new URL('../load/relay-pollers.js', import.meta.url), [spoolDir, `${pollers}`])
  const receivedAt = new Map<number, number>()
  waiting.on('message', ({ id, receivedAtMs }: { id?: number; receivedAtMs: number }) => {
    if (id !== undefined) receivedAt.set(id, receivedAtMs)
  })
  try {
    await once(waiting, 'message')
    const { latenciesMs } = await runRelayLoad({ spoolDir, agents: 1, postsEach: posts, atOnce: false })
    const wakesMs = pollers === 0 ? [] : await measureWakes(spoolDir, pollers, receivedAt)
    return {
      pollers,
      postP50Ms: percentile(latenciesMs, 0.5),
      postP99Ms: percentile(latenciesMs, 0.99),
      wakeP50Ms: percentile(wakesMs, 0.5),
      wakeP95Ms: percentile(wakesMs, 0.95),
    }
  } finally {
    await end(waiting)
  }
}

const WAKE_ROUNDS = 200

/** Posts for one parked poller after another. */
async function measureWakes(
  spoolDir: string,
  pollers: number,
  receivedAt: ReadonlyMap<number, number>,
): Promise<number[]> {
  const client = ArcClient.overRelay('waker', { spoolDir })
  const wakesMs: number[] = []
  for (let i = 0; i < WAKE_ROUNDS; i++) {
    const sentAt = performance.timeOrigin + performance.now()
    const { id } = await client.post(`wake ${i}`, { threadId: `thread-${i % pollers}` })
    await until(() => receivedAt.has(id))
    wakesMs.push((receivedAt.get(id) as number) - sentAt)
  }
  await client.close()
  return wakesMs.sort((a, b) => a - b)
}

function runRelayLoad(job: RelayJob): Promise<RelayResult> {
  return runJob(new URL('../load/relay-load.js', import.meta.url), job)
}

/** A fresh hub with a spool, in folders that are removed afterwards. */
async function withHub<T>(work: (spoolDir: string, folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'arc-bench-'))
  try {
    const spoolDir = join(folder, 'spool')
    const hub = await startServer(new URL('../baselines/hub-process.js', import.meta.url), [
      join(folder, 'arc.sqlite3'),
      spoolDir,
    ])
    try {
      return await work(spoolDir, folder)
    } finally {
      await hub.stop()
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}
