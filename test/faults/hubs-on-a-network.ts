// Run by postgres-network.test.ts. Three hubs and a database on machines of their own: how fast a commit at one hub wakes who
// waits at another, and what becomes of a hub that is cut off while it holds the room's lock.

import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { HubStatus, Message } from '../../src/protocol/objects.js'
import { Calls, type Reply, resultOf } from '../support/calls.js'
import { isFull, Random, rounds } from '../support/campaign.js'
import { EventReader } from '../support/event-reader.js'
import { Ledger } from '../support/ledger.js'
import { type LinkState, type Machine, newNetwork } from '../support/network.js'
import { type OwnServer, ownServer } from '../support/postgres.js'
import { startHubProcess } from '../support/processes.js'
import { percentile, until } from '../support/waiting.js'

const WAKES = rounds(40, 500)
const NETWORKS: LinkState[] = isFull
  ? [1, 20].flatMap((delayMs) => [0, 0.01].map((loss) => ({ delayMs, loss })))
  : [{ delayMs: 1, loss: 0 }]
const LOSSY: LinkState[] = (isFull ? [1, 20] : [1]).map((delayMs) => ({ delayMs, loss: 0.01 }))
/** Milliseconds of work before a hub is cut off, and while it is. */
const BEFORE_MS = rounds(300, 10_000)
const CUT_MS = rounds(4_500, 20_000)
const HUBS = 3
const WRITERS = rounds(6, 24)
/** The server ends the transaction of a hub that says nothing after 3 s. The others may wait that long, and a bit. */
const MOST_WAIT_MS = 5_000
const PORT = 8_000

const random = new Random()
const newMachine = newNetwork(t, random.seed)
const server = await serverForMachines(t)

async function serverForMachines(t: Test): Promise<OwnServer> {
  const server = await ownServer(t, { listen_addresses: '*' })
  appendFileSync(join(server.folder, 'pg_hba.conf'), 'host all all 10.0.0.0/8 trust\n')
  await server.sql(server.url, 'SELECT pg_reload_conf()')
  return server
}

interface Member {
  readonly machine: Machine
  readonly url: string
  readonly calls: Calls
}

/** Hubs on machines of their own, which share a room. */
async function team(t: Test, count: number, state: LinkState) {
  const room = (await server.room(t)).split('?')[0] as string
  const start = async (): Promise<Member> => {
    const machine = await newMachine()
    const storage = new URL(room)
    storage.hostname = machine.here
    const args = ['--storage', storage.href, '--host', '0.0.0.0', '--allow-remote', '--port', `${PORT}`]
    await startHubProcess(t, [...args, '--log-level', 'error'], { prefix: machine.prefix })
    await machine.link(state)
    const url = `http://${machine.address}:${PORT}`
    return { machine, url, calls: new Calls(t, url) }
  }
  return { room, members: await Promise.all(Array.from({ length: count }, start)) }
}

const nameOf = ({ delayMs = 0, loss = 0 }: LinkState) => `${delayMs} ms and ${loss * 100} % of loss`

for (const network of NETWORKS) {
  t.test(`a commit wakes who waits at another hub, with ${nameOf(network)}`, async (t) => {
    const { members } = await team(t, 2, network)
    const [a, b] = members as [Member, Member]
    const stream = new EventReader(`${b.url}/v1/stream?agent_id=bob`)
    t.teardown(() => stream.close())
    t.equal((await stream.answered).statusCode, 200)
    const posts: number[] = []
    const wakes: number[] = []
    for (let n = 1; n <= WAKES; n++) {
      const startedAt = performance.now()
      const posted = a.calls.say({ body: `${n}` }).then(() => posts.push(performance.now() - startedAt))
      await stream.has(n)
      wakes.push(performance.now() - startedAt)
      await posted
      await pause(random.between(1, 30))
    }
    t.strictSame(
      stream.messages.map(({ body }) => Number(body)),
      Array.from({ length: WAKES }, (_, n) => n + 1),
    )
    const figures = (times: number[]) =>
      [0.5, 0.95, 0.99].map((share) => `p${share * 100} ${percentile(times, share).toFixed(1)}`).join(', ')
    t.comment(`${nameOf(network)}: from the post to the other hub's reader ${figures(wakes)} ms`)
    t.comment(`${nameOf(network)}: from the post to its answer ${figures(posts)} ms`)
  })
}

for (const network of LOSSY) {
  t.test(
    `a hub that is cut off while it holds the room's lock, with ${nameOf(network)}, seed ${random.seed}`,
    { timeout: 200_000 },
    (t) => cutOff(t, network),
  )
}

async function cutOff(t: Test, network: LinkState): Promise<void> {
  const { room, members } = await team(t, HUBS, network)
  const [lonely, ...others] = members as [Member, ...Member[]]
  const ledger = new Ledger()
  let isWriting = true
  let isReading = true
  t.teardown(() => {
    isWriting = false
    isReading = false
  })
  let keys = 0

  /** When posts were acknowledged, by hub. */
  const acknowledgedAt = new Map<Member, number[]>(members.map((member) => [member, []]))
  const post = (member: Member, body: string, key: string): Promise<Reply<Message> | undefined> =>
    member.calls.post<Message>('/v1/messages', { from_agent: 'ann', body }, { key }).catch(() => undefined)
  const writer = async (member: Member) => {
    while (isWriting) {
      const [body, key] = [ledger.newBody(), `key-${++keys}`]
      let reply = await post(member, body, key)
      for (; !reply || reply.status === 503; reply = await post(member, body, key)) await pause(20)
      if (!reply.envelope.ok) t.fail(`${reply.status} ${reply.envelope.error}`)
      ledger.acknowledge(resultOf(reply))
      acknowledgedAt.get(member)?.push(performance.now())
    }
  }
  const read = new Map<Member, number[]>(members.map((member) => [member, []]))
  const polls = new Map<Member, number[]>(members.map((member) => [member, []]))
  const reader = async (member: Member) => {
    const ids = read.get(member) as number[]
    while (isReading) {
      const query = { agent_id: 'reader', since_id: ids.at(-1) ?? 0, timeout: 1, limit: 500 }
      const reply = await member.calls.get<Message[]>('/v1/events', query).catch(() => undefined)
      polls.get(member)?.push(reply?.status ?? 0)
      if (reply?.envelope.ok) ids.push(...resultOf(reply).map(({ id }) => id))
      else await pause(20)
    }
  }
  const writing = Array.from({ length: WRITERS }, (_, n) => writer(members[n % HUBS] as Member))
  const reading = members.map(reader)
  await pause(BEFORE_MS)

  const status = async () => resultOf(await lonely.calls.get<HubStatus>('/v1/status'))
  t.match(await status(), { storage_silent_sec: 0 })
  await holdTheLock(lonely, room)
  await lonely.machine.link({ isCut: { toNear: true, toFar: true } })
  const cutAt = performance.now()
  const pollsBefore = polls.get(lonely)?.length ?? 0
  const lost = ledger.newBody()
  const refused = await lonely.calls.post('/v1/messages', { from_agent: 'ann', body: lost })
  t.comment(`the cut-off hub refused a write after ${(performance.now() - cutAt).toFixed()} ms`)
  t.match(refused, { status: 503, envelope: { code: 'storage_not_writable' } })
  ledger.refuse(lost)
  const page = await fetch(lonely.url)
  t.match(await page.text(), /<!doctype html>/i, 'its page is there')
  const askedAt = performance.now()
  t.ok((await status()).storage_silent_sec > 0, 'its status says that the database does not answer')
  t.comment(`after ${(performance.now() - askedAt).toFixed()} ms`)
  await pause(Math.max(0, CUT_MS - (performance.now() - cutAt)))
  const statuses = polls.get(lonely)?.slice(pollsBefore) ?? []
  t.ok(statuses.length > 2 && statuses.every((status) => status === 200), `its polls: ${statuses}`)
  for (const other of others) {
    const times = acknowledgedAt.get(other)?.filter((at) => at > cutAt - 1_000) ?? []
    const longestMs = Math.max(...times.slice(1).map((at, i) => at - (times[i] as number)))
    t.ok(longestMs < MOST_WAIT_MS, `another hub stood still for ${longestMs.toFixed()} ms`)
    t.ok((times.at(-1) ?? 0) > cutAt + MOST_WAIT_MS / 2, 'and went on')
  }

  await lonely.machine.link({ isCut: { toNear: false, toFar: false } })
  const mendedAt = performance.now()
  await until('it to write again', () => (acknowledgedAt.get(lonely)?.at(-1) ?? 0) > mendedAt)
  t.comment(`it wrote again after ${(performance.now() - mendedAt).toFixed()} ms`)
  await until('its status to be whole', async () => (await status()).storage_silent_sec === 0)
  t.comment(`its status was whole after ${(performance.now() - mendedAt).toFixed()} ms`)
  await pause(BEFORE_MS)
  isWriting = false
  await Promise.all(writing)
  const [counts] = await server.sql(
    room,
    'SELECT count(*)::int AS count, min(id)::int AS first, max(id)::int AS last FROM arc.messages',
  )
  const last = counts?.last as number
  t.strictSame(counts, { count: last, first: 1, last }, 'ids are dense')
  ledger.verify(t, await (others[0] as Member).calls.everythingIn('general'))
  await until(
    () => `every reader to come to ${last}: they are at ${members.map((member) => read.get(member)?.at(-1))}`,
    () => members.every((member) => (read.get(member)?.at(-1) ?? 0) >= last),
  )
  isReading = false
  await Promise.all(reading)
  for (const member of members)
    t.strictSame(
      read.get(member),
      Array.from({ length: last }, (_, n) => n + 1),
      'a reader has all in order',
    )
  t.comment(`${ledger.summary}, ${last} messages`)
}

/** Milliseconds to hold the lock: each try takes two seconds, and one of a few hits. */
const HOLD_MS = 60_000

/**
 * The hub gets no answer to its BEGIN, so its transaction stays open. If it was about to COMMIT, or somebody else had the lock,
 * that is tried again.
 */
async function holdTheLock({ machine }: Member, room: string): Promise<void> {
  const holds = `SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction' AND application_name = 'arc writer'
    AND client_addr = '${machine.linkAddress}' AND clock_timestamp() - state_change > interval '200 ms'`
  await until(
    'it to hold the lock',
    async () => {
      await machine.link({ isCut: { toNear: false, toFar: true } })
      await pause(400)
      if ((await server.sql(room, holds)).length > 0) return true
      await machine.link({ isCut: { toNear: false, toFar: false } })
      await pause(random.between(1_000, 1_500))
      return false
    },
    HOLD_MS,
  )
}
