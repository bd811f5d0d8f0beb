// Three hubs on one database, with agents at all of them over HTTP and files. Hubs are killed and stopped for a while, the
// server ends their connections, and foreign transactions hold the room's lock or stay open.
//
// Nothing that was acknowledged is lost or there twice, ids are dense and in order at every reader, and a claim has one
// holder at a time.

import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import type { Claim, Message } from '../../src/protocol/objects.js'
import { ArcClient } from '../../src/sdk/index.js'
import { Calls, type Reply, resultOf } from '../support/calls.js'
import { Random, rounds } from '../support/campaign.js'
import { ownFolder } from '../support/folder.js'
import { Ledger } from '../support/ledger.js'
import { steadyPort } from '../support/ports.js'
import { ownServer } from '../support/postgres.js'
import { type HubInProcess, startHubProcess } from '../support/processes.js'
import { until } from '../support/waiting.js'

const HUBS = 3
const SECONDS = rounds(5, 60)
const WRITERS = rounds(4, 6)
const CONTENDERS = rounds(3, 6)
/** Milliseconds after which a claim of this test would expire. */
const CLAIM_MS = 5_000
const random = new Random()

const server = await ownServer(t)

/** A hub that is started again after each kill, at the same port. */
class Member {
  readonly url: string
  readonly #start: () => Promise<HubInProcess>
  #hub: HubInProcess | undefined

  private constructor(url: string, start: () => Promise<HubInProcess>) {
    this.url = url
    this.#start = start
  }

  static async start(t: Test, storage: string, spool: string): Promise<Member> {
    const port = await steadyPort()
    const args = ['--storage', storage, '--port', `${port}`, '--spool-dir', spool, '--log-level', 'warn']
    const member = new Member(`http://127.0.0.1:${port}`, () => startHubProcess(t, args))
    await member.begin()
    return member
  }

  async begin(): Promise<void> {
    this.#hub = await this.#start()
  }

  async kill(): Promise<void> {
    await this.#hub?.end('SIGKILL')
    await this.begin()
  }

  /** It does nothing for a while, as on a machine that has no time for it, and perhaps holds the room's lock. */
  async hold(ms: number): Promise<void> {
    const pid = this.#hub?.pid ?? 0
    process.kill(pid, 'SIGSTOP')
    await pause(ms)
    process.kill(pid, 'SIGCONT')
  }
}

t.test(
  `hubs that share a database for ${SECONDS} s of faults, seed ${random.seed}`,
  { timeout: 300_000 },
  async (t) => {
    const storage = (await server.room(t)).split('?')[0] as string
    const spools = Array.from({ length: HUBS }, () => ownFolder(t))
    const members: Member[] = []
    for (const spool of spools) members.push(await Member.start(t, storage, spool))
    const hubs = members.map((member) => new Calls(t, member.url))
    const ledger = new Ledger()
    let isOver = false
    let keys = 0

    /** Repeats a request with one key until it has an answer. */
    const insist = async <T>(hub: Calls, path: string, body: object): Promise<Reply<T>> => {
      const key = `key-${++keys}`
      for (;;) {
        const reply = await hub.post<T>(path, body, { key, deadlineMs: 10_000 }).catch(() => undefined)
        if (reply && reply.status !== 503) return reply
        await pause(20)
      }
    }

    const writer = async (n: number) => {
      const hub = hubs[n % HUBS] as Calls
      while (!isOver) {
        const body = ledger.newBody()
        const reply = await insist<Message>(hub, '/v1/messages', {
          from_agent: `w${n}`,
          body,
          thread_id: `t${n}`,
        })
        if (reply.envelope.ok) ledger.acknowledge(resultOf(reply))
        else t.fail(`${reply.status} ${reply.envelope.error}`)
      }
    }

    const fileWriter = async (n: number) => {
      const client = ArcClient.overRelay(`f${n}`, { spoolDir: spools[n] as string, timeout: 60 })
      while (!isOver) {
        const body = ledger.newBody()
        const posted = await client.post(body).catch(() => undefined)
        if (posted) ledger.acknowledge(posted)
        else ledger.doubt(body)
      }
      await client.close()
    }

    let holder: { readonly agent: string; readonly untilMs: number } | undefined
    let fence = 0
    let grants = 0
    const contender = async (n: number) => {
      const hub = hubs[n % HUBS] as Calls
      const agent = `c${n}`
      while (!isOver) {
        const wish = { owner_agent_id: agent, claim_key: 'one', ttl_sec: CLAIM_MS / 1_000 }
        const askedAt = Date.now()
        const reply = await insist<Claim>(hub, '/v1/claims', wish)
        const { acquired, fence: given } = reply.envelope as { acquired?: boolean; fence?: number }
        // An answer that came late may be of a holding that has ended.
        if (acquired && Date.now() - askedAt < CLAIM_MS / 2) {
          t.notOk(
            holder && holder.agent !== agent && Date.now() < holder.untilMs,
            `${holder?.agent} holds it`,
          )
          if ((given ?? 0) < fence) t.fail(`fence ${given} after ${fence}`)
          fence = given ?? 0
          grants++
          holder = { agent, untilMs: Math.floor(askedAt / 1_000) * 1_000 + CLAIM_MS - 1_000 }
          await pause(random.between(1, 30))
          holder = undefined
          await insist(hub, '/v1/claims/release', { claim_key: 'one', agent_id: agent })
        }
        await pause(random.between(1, 30))
      }
    }

    const read: number[][] = members.map(() => [])
    const reader = async (n: number) => {
      const hub = hubs[n] as Calls
      const ids = read[n] as number[]
      while (!isOver) {
        const query = { agent_id: `r${n}`, since_id: ids.at(-1) ?? 0, timeout: 1, limit: 500 }
        const reply = await hub.get<Message[]>('/v1/events', query, 10_000).catch(() => undefined)
        if (reply?.envelope.ok) ids.push(...resultOf(reply).map(({ id }) => id))
        else await pause(20)
      }
    }

    const foreign = async (text: string, ms: number) => {
      const client = new pg.Client({ connectionString: storage })
      client.on('error', () => {})
      await client.connect()
      await client.query('CREATE TABLE IF NOT EXISTS foreign_rows (x int)').catch(() => {})
      await client.query(text)
      await pause(ms)
      await client.end()
    }
    const member = () => members[random.between(0, HUBS - 1)] as Member
    const cut = (role: string) =>
      server.sql(
        storage,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'arc ${role}'`,
      )
    const faults = [
      () => member().kill(),
      () => member().hold(random.between(100, 4_000)),
      () => cut('writer'),
      () => cut('writer'),
      () => cut('reader'),
      () => cut('listener'),
      () => foreign('BEGIN; INSERT INTO foreign_rows VALUES (1)', random.between(100, 3_000)),
      () => foreign('BEGIN; SELECT * FROM arc.log FOR UPDATE', random.between(100, 1_500)),
    ]

    const work = [
      ...Array.from({ length: WRITERS }, (_, n) => writer(n)),
      ...spools.map((_, n) => fileWriter(n)),
      ...Array.from({ length: CONTENDERS }, (_, n) => contender(n)),
      ...members.map((_, n) => reader(n)),
    ]
    const endsAt = Date.now() + SECONDS * 1_000
    while (Date.now() < endsAt) {
      await (faults[random.between(0, faults.length - 1)] as () => Promise<unknown>)()
      await pause(random.between(50, 400))
    }
    const body = ledger.newBody()
    const last = resultOf(
      await insist<Message>(hubs[0] as Calls, '/v1/messages', { from_agent: 'last', body }),
    )
    ledger.acknowledge(last)
    await until('every reader to come to the end', () => read.every((ids) => (ids.at(-1) ?? 0) >= last.id))
    isOver = true
    await Promise.all(work)

    const [counts] = await server.sql(
      storage,
      'SELECT count(*)::int AS count, min(id)::int AS first, max(id)::int AS last FROM arc.messages',
    )
    t.strictSame(counts, { count: counts?.last, first: 1, last: counts?.last }, 'ids are dense')
    const stored = await (hubs[1] as Calls).everythingIn('general')
    ledger.verify(t, stored)
    const ids = stored.map(({ id }) => id)
    for (const [n, seen] of read.entries())
      t.strictSame(seen, ids.slice(0, seen.length), `reader ${n} has all in order`)
    t.ok(grants > 0, `${grants} grants`)
    t.comment(`${ledger.summary}, ${grants} grants, ${counts?.last} messages`)
  },
)
