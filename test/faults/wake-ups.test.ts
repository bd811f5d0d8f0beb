// No wake-up is lost: a long-poll that starts in the same instant as a post comes back with it, whichever of
// the two was first, and never waits for its timeout; also while the storage is killed; and a crowd of
// waiters all get one post.

import t from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import { Calls, resultOf } from '../support/calls.js'
import { Random, rounds } from '../support/campaign.js'
import { startTestHub } from '../support/hub.js'
import { LogLines } from '../support/log-lines.js'
import { atOnce, reportRaces, startRaces } from '../support/races.js'
import { percentile, until } from '../support/waiting.js'

const RACES = rounds(500, 10_000)
const RACES_WITH_KILLS = rounds(250, 2_500)
const KILLS = rounds(5, 50)
/** More than a hub would put up with. */
const INTENSITY = { maxRestarts: KILLS, withinMs: 30_000 }
const SILENCES = rounds(2, 40)
/** Posts after which a door where nobody reads is not told of messages any more; and up to so many more that it has to read. */
const SILENCE_POSTS = { min: 4_100, max: 6_600 }
const SILENCE_LANES = 32
const READERS = 8
const WOKEN_WITHIN_MS = 20_000
const CROWD = 500
const CROWD_POSTS = rounds(2, 20)

t.test('a long-poll that races a post always comes back with it', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const hub = await startTestHub(t)
  const calls = new Calls(t, hub.url)
  const races = startRaces({ posts: calls, polls: calls, random, races: RACES })
  await races.run
  t.equal(races.waitedMs.length, RACES)
  reportRaces(t, races)
})

t.test('the same while the storage is killed', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const log = new LogLines()
  const hub = await startTestHub(t, { logLevel: 'info', logSink: log, intensity: INTENSITY })
  const calls = new Calls(t, hub.url)
  const races = startRaces({ posts: calls, polls: calls, random, races: RACES_WITH_KILLS })
  for (let kill = 1; kill <= KILLS; kill++) {
    const goal = (RACES_WITH_KILLS * (kill - random.next())) / KILLS
    await until(`${goal} races`, () => races.waitedMs.length >= goal, 60_000)
    await hub.kill('storage')
    await log.has(/storage is back/, kill)
  }
  await races.run
  t.equal(log.count(/storage ended/), KILLS, 'it was killed as often as was meant')
  reportRaces(t, races)
})

t.test('who comes to a door where nobody has read for thousands of messages is woken as well', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const hub = await startTestHub(t, { intensity: INTENSITY })
  const calls = new Calls(t, hub.url)
  const waitedMs: number[] = []
  for (let silence = 1; silence <= SILENCES; silence++) {
    const posts = random.between(SILENCE_POSTS.min, SILENCE_POSTS.max)
    const lanes = Array.from({ length: SILENCE_LANES }, async (_, lane) => {
      for (let i = lane; i < posts; i += SILENCE_LANES) await calls.say({ body: `nobody reads ${i}` })
    })
    await Promise.all(lanes)
    if (silence % 4 === 0) await hub.kill('storage')
    const last = await calls.say({ body: 'the last one that nobody reads' }, { key: `last-${silence}` })
    const poll = async (reader: number) => {
      const query = { agent_id: `reader-${reader}`, since_id: last.id, timeout: 50 }
      return resultOf(await calls.get<Message[]>('/v1/events', query, 60_000))
    }
    const polls = () => Promise.all(Array.from({ length: READERS }, (_, i) => poll(i)))
    const startedAt = performance.now()
    const [rows, posted] = await atOnce(random, polls, () =>
      calls.say({ body: 'read', thread_id: `${silence}` }),
    )
    waitedMs.push(performance.now() - startedAt)
    t.strictSame(
      rows.map((messages) => messages.map(({ id }) => id)),
      rows.map(() => [posted.id]),
      `after ${posts} posts`,
    )
  }
  const [p50, worst] = [percentile(waitedMs, 0.5), Math.max(...waitedMs)].map(Math.round)
  t.comment(`${SILENCES} silences: p50 ${p50} ms, longest ${worst} ms`)
  t.ok((worst ?? 0) < WOKEN_WITHIN_MS, 'none by its timeout')
})

t.test('500 parked waiters all get one post', async (t) => {
  const hub = await startTestHub(t)
  const calls = new Calls(t, hub.url)
  let since_id = 0
  const allMs: number[] = []
  for (let post = 1; post <= CROWD_POSTS; post++) {
    const polls = Array.from({ length: CROWD }, (_, i) =>
      calls.get<Message[]>('/v1/events', { agent_id: `waiter-${i}`, since_id, timeout: 60 }, 70_000),
    )
    await calls.waiting(CROWD)
    const postedAt = performance.now()
    const posted = await calls.say({ body: `to everyone, ${post}` })
    const answers = (await Promise.all(polls)).map(resultOf)
    allMs.push(performance.now() - postedAt)
    const others = answers.filter((rows) => rows.length !== 1 || rows[0]?.id !== posted.id)
    t.strictSame(others, [], `post ${post} has reached all ${CROWD}`)
    since_id = posted.id
  }
  const [median, worst] = [percentile(allMs, 0.5), Math.max(...allMs)].map(Math.round)
  t.comment(`all ${CROWD} had it after ${median} ms, at worst after ${worst} ms`)
  await calls.waiting(0)
})
