// Posts that race long-polls. Each lane has a thread, a channel or an inbox of its own. It starts a post and a poll in the same
// instant, and expects the poll to return just that message, long before its timeout.

import type { Test } from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import { type Calls, resultOf } from './calls.js'
import type { Random } from './campaign.js'
import { percentile } from './waiting.js'

const LANES = 25
/** Seconds of a poll. A poll that takes nearly as long was not woken. */
const TIMEOUT_SEC = 50
const WOKEN_WITHIN_MS = 20_000

export interface RaceOptions {
  /** Calls to the hub that gets the posts; `polls`: to the hub of the polls. */
  readonly posts: Calls
  readonly polls: Calls
  readonly random: Random
  readonly races: number
}

export interface Races {
  readonly wrong: string[]
  readonly waitedMs: number[]
  readonly run: Promise<unknown>
}

/** Lets every lane race its posts against its polls. */
export function startRaces({ posts, polls, random, races }: RaceOptions): Races {
  const wrong: string[] = []
  const waitedMs: number[] = []
  const race = async (lane: number) => {
    const view = await openView(posts, lane)
    let since_id = 0
    for (let round = 1; round <= races / LANES; round++) {
      const body = `lane ${lane} round ${round}`
      const poll = async () => {
        const query = { ...view.query, since_id, timeout: TIMEOUT_SEC }
        return resultOf(await polls.get<Message[]>(view.path, query, (TIMEOUT_SEC + 10) * 1_000))
      }
      const post = () => posts.say({ ...view.fields, body }, { key: `${lane}-${round}` })
      const startedAt = performance.now()
      const [polled, posted] = await atOnce(random, poll, post)
      const tookMs = performance.now() - startedAt
      waitedMs.push(tookMs)
      if (tookMs > WOKEN_WITHIN_MS) wrong.push(`${body} took ${Math.round(tookMs)} ms`)
      const ids = polled.map(({ id }) => id)
      if (ids.length !== 1 || ids[0] !== posted.id)
        wrong.push(`${body} is ${posted.id}, the poll got [${ids}]`)
      since_id = posted.id
    }
  }
  const run = Promise.all(Array.from({ length: LANES }, (_, lane) => race(lane)))
  return { wrong, waitedMs, run }
}

export function reportRaces(t: Test, { wrong, waitedMs }: Races): void {
  t.strictSame(wrong, [], 'every poll has come back with its message, and none by its timeout')
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(waitedMs, share).toFixed(1))
  t.comment(`${waitedMs.length} races: p50 ${p50} ms, p99 ${p99} ms, longest ${max} ms`)
}

/** The target of a lane's polls, and the members by which its posts reach it. */
interface View {
  readonly path: string
  readonly query: Record<string, string>
  readonly fields: Record<string, string>
}

/** The view of a lane: the lanes take the kinds of long-polls in turns. */
async function openView(calls: Calls, lane: number): Promise<View> {
  const name = `lane-${lane}`
  switch (lane % 5) {
    case 0:
      return { path: '/v1/messages', query: { thread_id: name }, fields: { thread_id: name } }
    case 1:
      await openChannel(calls, name)
      return { path: '/v1/messages', query: { channel: name }, fields: { channel: name } }
    case 2:
      return { path: '/v1/events', query: { agent_id: name, thread_id: name }, fields: { thread_id: name } }
    case 3:
      return { path: '/v1/events', query: { agent_id: name, channel: 'direct' }, fields: { to_agent: name } }
    default:
      await openChannel(calls, name)
      return { path: '/v1/events', query: { agent_id: name, channel: name }, fields: { channel: name } }
  }
}

/** With a key, since the storage may be killed meanwhile. */
async function openChannel(calls: Calls, name: string): Promise<void> {
  resultOf(await calls.post('/v1/channels', { name }, { key: `open-${name}` }))
}

/** Starts both in the same instant, in either order, at once or some hundred microseconds apart. */
export async function atOnce<A, B>(
  random: Random,
  a: () => Promise<A>,
  b: () => Promise<B>,
): Promise<[A, B]> {
  const aIsFirst = random.next() < 0.5
  const first = aIsFirst ? a() : b()
  const kind = random.next()
  const goAt = performance.now() + random.next() * 0.4
  if (kind < 0.3) await new Promise((resolve) => setImmediate(resolve))
  else if (kind < 0.8) while (performance.now() < goAt);
  const second = aIsFirst ? b() : a()
  return (aIsFirst ? Promise.all([first, second]) : Promise.all([second, first])) as Promise<[A, B]>
}
