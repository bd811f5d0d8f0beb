// The arena of a hostile sandbox and a real hub: the hub in a process of its own, a spool, an honest bystander that posts all
// the time, and a canary. The canary is a folder outside the spool. Its files' times show whether anybody has written, read or
// listed them. Each test ends with `unharmed`, the last one with `leave`.

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Test } from 'tap'
import { call } from './arc-process.js'
import type { BystanderReport } from './bystander.js'
import { isFull } from './campaign.js'
import { ownFolder } from './folder.js'
import { type HubInProcess, startHubProcess } from './processes.js'
import { RawAgent } from './raw-agent.js'
import { percentile, until } from './waiting.js'

/** Milliseconds for a bystander's answer at full size, unless the storage itself is that busy. */
const SERVED_WITHIN_MS = 500
const MEMORY_LOOK_MS = 50
const LONG_AGO = new Date('2001-01-01')
const CANARY = 'the canary has been read'

export interface ArenaOptions {
  readonly hubArgs?: readonly string[]
  /** The path of the spool. Default: in a folder of the test's own. */
  readonly spool?: string
  /** Called when the spool's folder exists, and before a hub sees it. */
  readonly before?: (spool: string, outside: string) => void
  /** The user that the hub runs as. */
  readonly uid?: number
  /** False if the test's attack keeps the hub from serving anybody. */
  readonly bystander?: boolean
}

export class Arena {
  readonly spool: string
  /** A folder that nobody but the test may touch: with `secret.json`, a request that must never be executed. */
  readonly outside: string
  readonly hub: HubInProcess
  readonly #bystander: Worker | undefined

  private constructor(spool: string, outside: string, hub: HubInProcess, bystander?: Worker) {
    this.spool = spool
    this.outside = outside
    this.hub = hub
    this.#bystander = bystander
  }

  static async enter(t: Test, options: ArenaOptions = {}): Promise<Arena> {
    const folder = ownFolder(t)
    const spool = options.spool ?? join(folder, 'spool')
    const outside = join(folder, 'outside')
    mkdirSync(spool, { recursive: true })
    mkdirSync(outside)
    const body = { from_agent: 'canary', to_agent: 'canary', body: CANARY }
    writeFileSync(
      join(outside, 'secret.json'),
      JSON.stringify({ method: 'POST', path: '/v1/messages', body, created_at: new Date() }),
    )
    options.before?.(spool, outside)
    const storage = join(folder, 'arc.sqlite3')
    const { hubArgs = [] } = options
    const own = hubArgs.includes('--storage') ? [] : ['--storage', storage]
    const args = ['--port', '0', '--spool-dir', spool, ...own, ...hubArgs]
    const hub = await startHubProcess(t, args, options)
    const bystander = options.bystander === false ? undefined : await startBystander(t, spool)
    // A read or a listing would change these times: relatime updates an access time that is older than the last change.
    for (const path of [join(outside, 'secret.json'), outside]) utimesSync(path, LONG_AGO, new Date())
    return new Arena(spool, outside, hub, bystander)
  }

  /** The path of the canary. */
  get secret(): string {
    return join(this.outside, 'secret.json')
  }

  /** Lines of the hub's log that match. */
  logged(pattern: RegExp): string[] {
    return this.hub.log.filter((line) => pattern.test(line))
  }

  /** Waits for a line of the hub's log. */
  async logs(pattern: RegExp): Promise<void> {
    const lines = () => `${pattern} in the log:\n${this.hub.log.join('\n')}`
    await until(lines, () => this.logged(pattern).length > 0)
  }

  /** An agent whose folder a hub of any user may write to. */
  agent(name: string): RawAgent {
    const agent = new RawAgent(this.spool, name)
    chmodSync(agent.requests, 0o777)
    return agent
  }

  /** The peak growth of the hub's memory during `work`, in MiB; NaN without /proc. */
  async growthDuring(work: () => Promise<unknown>): Promise<number> {
    const before = residentMb(this.hub.pid)
    let most = before
    const look = setInterval(() => {
      most = Math.max(most, residentMb(this.hub.pid))
    }, MEMORY_LOOK_MS)
    try {
      await work()
    } finally {
      clearInterval(look)
    }
    return most - before
  }

  /** Asserts that nothing has left the spool, that the hub still runs, and that it serves a new agent. */
  async unharmed(t: Test): Promise<void> {
    const { status } = await this.agent('visitor').ask('GET', '/v1/hub-info')
    t.equal(status, 200, 'an agent who comes now is served')
    const { atime } = statSync(this.outside)
    t.same([atime, lstatSync(this.secret).atime], [LONG_AGO, LONG_AGO], 'the canary was not read or listed')
    t.strictSame(readdirSync(this.outside), ['secret.json'], 'nothing was written outside')
    utimesSync(this.outside, LONG_AGO, new Date()) // undoes the trace of this test's own look
    t.notOk(watchedInodes(this.hub.pid).has(statSync(this.outside).ino), 'nothing outside is watched')
    t.strictSame(textsWith(CANARY, join(this.spool, 'responses')), [], 'no response holds the canary')
    const messages = await call<object[]>(this.hub.url, '/v1/inbox/canary')
    t.strictSame(messages, [], 'the canary was not executed')
    t.strictSame(
      this.logged(/ended:|could not be restarted|"level":"(error|fatal)"/),
      [],
      'no actor has ended',
    )
    t.ok(this.hub.log.length < 200, 'the log was not flooded')
  }

  /** Asserts `unharmed`, and that the hub served the bystander all the time; at full size within `withinMs` (p99). */
  async leave(t: Test, withinMs = SERVED_WITHIN_MS): Promise<void> {
    await this.unharmed(t)
    const report = await this.#bystanderReport()
    if (report) judge(t, report, withinMs)
  }

  async #bystanderReport(): Promise<BystanderReport | undefined> {
    if (!this.#bystander) return undefined
    const reported = new Promise<BystanderReport>((resolve) => this.#bystander?.once('message', resolve))
    this.#bystander.postMessage('enough')
    return reported
  }
}

async function startBystander(t: Test, spool: string): Promise<Worker> {
  const worker = new Worker(new URL('./bystander.js', import.meta.url), {
    workerData: { spool },
    execArgv: [],
  })
  t.teardown(() => worker.terminate())
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  return worker
}

function judge(t: Test, { tookMs, wrong }: BystanderReport, withinMs: number): void {
  t.strictSame(wrong, [], 'the bystander was served all the time')
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(tookMs, share))
  t.comment(`bystander: ${tookMs.length} posts, p50 ${ms(p50)}, p99 ${ms(p99)}, longest ${ms(max)}`)
  if (isFull) t.ok((p99 ?? Number.NaN) < withinMs, `and within ${withinMs} ms (p99)`)
}

const ms = (value = Number.NaN) => `${value.toFixed(1)} ms`

/** The regular files below a folder that contain a text. It follows no links. */
function textsWith(text: string, folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return textsWith(text, path)
    if (!entry.isFile() || entry.name.endsWith('.tmp') || lstatSync(path).nlink > 1) return []
    return readFileSync(path, 'utf8').includes(text) ? [path] : []
  })
}

/** The inodes that a process watches by inotify; none without /proc. */
export function watchedInodes(pid: number): Set<number> {
  const infos = `/proc/${pid}/fdinfo`
  if (!existsSync(infos)) return new Set()
  const inodes = readdirSync(infos).flatMap((descriptor) => {
    const text = readIfThere(join(infos, descriptor))
    return [...text.matchAll(/^inotify .*\bino:([0-9a-f]+)/gm)].map(([, ino = '']) =>
      Number.parseInt(ino, 16),
    )
  })
  return new Set(inodes)
}

function residentMb(pid: number): number {
  const [, kb] = /^VmRSS:\s+(\d+)/m.exec(readIfThere(`/proc/${pid}/status`)) ?? []
  return Math.round(Number(kb) / 1_024)
}

/** The content of a file; empty if it is gone, since descriptors come and go. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
