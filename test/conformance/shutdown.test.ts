// PROTOCOL §8, shutdown over HTTP: beginning, asking, cancelling, and that it comes. What only begins and is
// cancelled again shares one hub; each shutdown that comes takes a hub with it, and what that one said
// last is read from its storage by another.

import t, { type Test } from 'tap'
import type { Message } from '../../src/protocol/objects.js'
import { parked, refused, until } from './steps.js'
import { needsOwnHub, ownHub } from './target.js'
import type { Reply, Wire } from './wire.js'

const skip = needsOwnHub
t.jobs = 3

interface Pending {
  readonly status: string
  readonly remaining_sec: number
  readonly delay_sec: number
}

const begin = (wire: Wire, delay_sec?: unknown) =>
  wire.post<Pending>('/v1/shutdown', delay_sec === undefined ? undefined : { delay_sec })
const pending = async (wire: Wire) => (await wire.get<Pending | null>('/v1/shutdown')).result
const inGeneral = async (wire: Wire) =>
  (await wire.get<Message[]>('/v1/messages', { channel: 'general', limit: 500 })).result

/** Asserts that just one of the messages has exactly this metadata, and that it is a notice of the hub's. */
function holdsNotice(t: Test, messages: readonly Message[], metadata: Record<string, unknown>): void {
  const asText = (object: Record<string, unknown>) => JSON.stringify(Object.entries(object).sort())
  const found = messages.filter((message) => asText(message.metadata) === asText(metadata))
  t.equal(found.length, 1, `one notice with ${JSON.stringify(metadata)}`)
  t.match(found[0], { from_agent: 'system', to_agent: null, channel: 'general', kind: 'notice', body: /\S/ })
}

t.test('§8 a shutdown that is cancelled', { skip }, async (t) => {
  const hub = await ownHub(t)
  const cancel = () => hub.post('/v1/shutdown/cancel')
  let cursor = 0
  /** What general was told since the last call. */
  const news = async () => {
    const messages = (await inGeneral(hub)).filter(({ id }) => id > cursor)
    cursor = messages.at(-1)?.id ?? cursor
    return messages
  }

  t.test('§8 without a shutdown pending GET gives null, and cancel is a 400', async (t) => {
    const reply = await hub.get('/v1/shutdown')
    t.equal(reply.status, 200)
    t.equal(reply.result, null)
    refused(t, hub, await cancel(), 400)
    t.strictSame(await news(), [], 'no notice about nothing')
  })

  t.test('§8 a shutdown begins with a delay of 60 s by default', async (t) => {
    const reply = await begin(hub)
    t.equal(reply.status, 200)
    t.strictSame(Object.keys(reply.result).sort(), ['delay_sec', 'remaining_sec', 'status'])
    t.match(reply.result, { status: 'shutdown_initiated', delay_sec: 60 })
    t.ok(reply.result.remaining_sec > 50 && reply.result.remaining_sec <= 60)
  })

  t.test('§8 cancelling ends the pending shutdown', async (t) => {
    const reply = await cancel()
    t.equal(reply.status, 200)
    t.strictSame(reply.result, { status: 'shutdown_cancelled' })
    t.equal(await pending(hub), null)
    refused(t, hub, await cancel(), 400)
  })

  t.test('§8 general is told of the beginning and of the cancelling', async (t) => {
    await news()
    await begin(hub, 600)
    holdsNotice(t, await news(), { shutdown: true, delay_sec: 600 })
    await cancel()
    holdsNotice(t, await news(), { shutdown_cancelled: true })
  })

  t.test('§8 the pending shutdown can be asked for, and counts down', async (t) => {
    await begin(hub, 3600)
    const first = await pending(hub)
    t.strictSame(Object.keys(first ?? {}).sort(), ['delay_sec', 'remaining_sec'])
    t.equal(first?.delay_sec, 3600)
    const remaining = first?.remaining_sec ?? 0
    t.ok(remaining > 3590 && remaining <= 3600)
    const lower = async () => ((await pending(hub))?.remaining_sec ?? remaining) < remaining
    t.ok(await until('a lower remaining_sec', lower))
    await cancel()
  })

  t.test('§8 a second shutdown is a 400 and changes nothing', async (t) => {
    await begin(hub, 600)
    await news()
    refused(t, hub, await begin(hub, 900), 400)
    t.match(await pending(hub), { delay_sec: 600 })
    t.strictSame(await news(), [], 'no second notice')
    await cancel()
  })

  t.test('§8 delay_sec must be within 0 and 3600', async (t) => {
    for (const delay of [-1, 3601, 1e12, 'soon', [5], {}])
      refused(t, hub, await begin(hub, delay), 400, /delay_sec/)
    t.equal(await pending(hub), null)
    t.equal((await begin(hub, 3600)).status, 200)
    await cancel()
  })

  t.test('§8 a cancelled shutdown does not come', async (t) => {
    await news()
    await begin(hub, 1)
    const start = performance.now()
    await cancel()
    // Another one, begun and cancelled after this one's time: whatever was to come has come by then.
    await until('the time of the cancelled shutdown', () => performance.now() > start + 1_200)
    t.equal((await hub.get('/v1/hub-info')).status, 200)
    t.notOk((await news()).some((message) => message.metadata.final))
  })
})

interface RunDown {
  readonly reply: Reply<Pending>
  readonly exitCode: number
  readonly tookMs: number
  /** What a long-poll on general, begun after the first notice, was answered. */
  readonly polled: Message[] | undefined
  readonly listensOn: boolean
  readonly words: Message[]
}

/** Lets a hub shut down over HTTP, and tells how it went. */
async function runDown(t: Test, delaySec: number): Promise<RunDown> {
  const hub = await ownHub(t)
  const start = performance.now()
  const reply = await begin(hub, delaySec)
  let poll: Promise<Message[]> | undefined
  if (delaySec > 0) {
    const [first] = await inGeneral(hub)
    const query = { channel: 'general', since_id: first?.id ?? 0, timeout: 30 }
    poll = hub.get<Message[]>('/v1/messages', query).then(({ result }) => result)
    await parked(hub)
  }
  const exitCode = await hub.hub.stopped
  const tookMs = performance.now() - start
  const polled = await poll
  const listensOn = await hub.get('/v1/hub-info').then(
    () => true,
    () => false,
  )
  const words = await inGeneral(await ownHub(t, { storagePath: hub.storagePath }))
  return { reply, exitCode, tookMs, polled, listensOn, words }
}

for (const delaySec of [2, 0]) {
  t.test(`§8 a shutdown with a delay of ${delaySec} s`, { skip }, async (t) => {
    const { reply, exitCode, tookMs, polled, listensOn, words } = await runDown(t, delaySec)

    t.test('§8 it is announced before it comes', async (t) => {
      t.equal(reply.status, 200)
      t.match(reply.result, { status: 'shutdown_initiated', delay_sec: delaySec })
      holdsNotice(t, words, { shutdown: true, delay_sec: delaySec })
    })

    t.test('§8 it comes at its time, and the hub stops cleanly', async (t) => {
      t.equal(exitCode, 0)
      t.ok(tookMs >= delaySec * 990, `${tookMs} ms`)
      t.ok(tookMs < delaySec * 1_000 + 10_000, `${tookMs} ms`)
      t.notOk(listensOn, 'nobody listens any more')
    })

    t.test('§8 general is told when it comes, after all else', async (t) => {
      holdsNotice(t, words, { shutdown: true, final: true })
      t.strictSame(words.at(-1)?.metadata, { shutdown: true, final: true })
    })

    t.test(
      '§8 whoever waits in general is woken by the last notice',
      { skip: delaySec === 0 && 'no time to park' },
      async (t) => {
        t.strictSame(
          polled?.map((message) => message.metadata),
          [{ shutdown: true, final: true }],
        )
      },
    )
  })
}
