// How an agent reads: `poll` and `messages` against a real hub, through restarts and a reset of it,
// whatever the way to it. Run once for each transport.

import type { Message } from '../../src/sdk/index.js'
import { failure } from './clients.js'
import { idsOf, testsOver, type Way } from './room.js'

export function feedSuite(way: Way): void {
  const { test, sameByAnyWay } = testsOver(way)

  // Polling

  sameByAnyWay(
    'poll returns what is new since the last poll, once, in order, without own messages',
    async (t, { agent }) => {
      const a = agent('a')
      const b = agent('b')
      const first = await a.post('1')
      await b.post('mine')
      const second = await a.post('2')
      t.same(idsOf(await b.poll({ timeout: 0 })), [first.id, second.id])
      t.same(await b.poll({ timeout: 0 }), [])
      const third = await a.post('3')
      t.same(idsOf(await b.poll({ timeout: 0 })), [third.id])
    },
  )

  sameByAnyWay('poll includes own messages when told to', async (t, { agent }) => {
    const a = agent('a')
    const { id } = await a.post('mine')
    t.same(idsOf(await a.poll({ timeout: 0, includeSelf: true })), [id])
  })

  test('poll waits until a message comes', async (t, { agent, waiting }) => {
    const polling = agent('b').poll()
    await waiting(1)
    const { id } = await agent('a').post('now')
    t.same(idsOf(await polling), [id])
  })

  test('poll resolves with nothing after its timeout', async (t, { agent }) => {
    const started = performance.now()
    t.same(await agent('a').poll({ timeout: 0.3 }), [])
    t.ok(performance.now() - started >= 250)
  })

  test('polls page through a backlog without a gap', async (t, { agent }) => {
    const a = agent('a')
    const posted = await Promise.all(Array.from({ length: 120 }, (_, n) => a.post(`${n}`)))
    const b = agent('b')
    const read: Message[] = []
    for (let page = await b.poll({ timeout: 0, limit: 50 }); page.length > 0; ) {
      read.push(...page)
      page = await b.poll({ timeout: 0, limit: 50 })
    }
    t.same(
      idsOf(read),
      idsOf(posted).sort((x, y) => x - y),
    )
  })

  sameByAnyWay('a poll of one channel does not skip what another view shows', async (t, { agent }) => {
    const a = agent('a')
    await a.createChannel('build')
    const general = await a.post('in general')
    const build = await a.post('in build', { channel: 'build' })
    const b = agent('b')
    t.same(idsOf(await b.poll({ timeout: 0, channel: 'build' })), [build.id])
    t.same(idsOf(await b.poll({ timeout: 0 })), [general.id, build.id])
    t.same(await b.poll({ timeout: 0, channel: 'build' }), [])
  })

  sameByAnyWay('poll with sinceId reads from there and never moves the cursor back', async (t, { agent }) => {
    const a = agent('a')
    const [one, two, three] = [await a.post('1'), await a.post('2'), await a.post('3')]
    const b = agent('b')
    t.same(idsOf(await b.poll({ timeout: 0, limit: 2 })), [one.id, two.id])
    t.same(idsOf(await b.poll({ timeout: 0, sinceId: 0, limit: 1 })), [one.id])
    t.same(idsOf(await b.poll({ timeout: 0 })), [three.id])
    const fresh = agent('b')
    t.same(idsOf(await fresh.poll({ timeout: 0, sinceId: one.id, limit: 1 })), [two.id])
    t.same(idsOf(await fresh.poll({ timeout: 0 })), [three.id])
  })

  sameByAnyWay('polls begin after the first bootstrap, and later ones skip nothing', async (t, { agent }) => {
    const a = agent('a')
    await a.post('before')
    const b = agent('b')
    await b.bootstrap()
    const after = await a.post('after')
    await b.bootstrap()
    t.same(idsOf(await b.poll({ timeout: 0 })), [after.id])
  })

  test('an aborted poll rejects at once and leaves nobody waiting at the hub', async (t, {
    agent,
    waiting,
  }) => {
    const controller = new AbortController()
    const polling = failure(agent('a').poll({ signal: controller.signal }))
    await waiting(1)
    controller.abort('enough')
    t.match(await polling, { code: 'aborted', cause: 'enough' })
    await waiting(0)
  })

  test('after a reset of the hub polls begin with its first message', async (t, { agent, restart }) => {
    const a = agent('a')
    const b = agent('b')
    for (let n = 0; n < 5; n++) await a.post(`old ${n}`)
    await b.poll({ timeout: 0 })
    await restart('new')
    const { id } = await a.post('new')
    t.ok(id < 5, 'its id would be behind the old cursor')
    t.same(idsOf(await b.poll({ timeout: 0 })), [id])
  })

  test('a poll under way outlives a restart of the hub', async (t, { agent, restart, waiting }) => {
    const a = agent('a')
    const { id } = await a.post('before')
    const b = agent('b')
    t.same(idsOf(await b.poll({ timeout: 0 })), [id])
    const polling = b.poll()
    await waiting(1)
    await restart('same')
    const after = await a.post('after')
    t.same(idsOf(await polling), [after.id])
  })

  // The live feed

  test('messages yields what others post from now on, in order', async (t, { agent, waiting }) => {
    const a = agent('a')
    await a.post('before')
    const b = agent('b')
    const feed = b.messages()
    const first = feed.next()
    await waiting(1)
    await b.post('mine')
    const posted = [await a.post('1'), await a.post('2'), await a.dm('b', '3')]
    const read = [await first, await feed.next(), await feed.next()]
    t.same(
      read.map(({ value }) => value?.id),
      idsOf(posted),
    )
    await feed.return?.()
  })

  sameByAnyWay(
    'messages after sinceId yields what is stored already, of one thread',
    async (t, { agent }) => {
      const a = agent('a')
      const posted = [
        await a.post('1', { threadId: 'x' }),
        await a.post('2'),
        await a.post('3', { threadId: 'x' }),
      ]
      const read: number[] = []
      for await (const { id } of a.messages({ sinceId: 0, threadId: 'x', includeSelf: true })) {
        read.push(id)
        if (read.length === 2) break
      }
      t.same(read, [posted[0]?.id, posted[2]?.id])
    },
  )

  test('messages ends without an error when its signal is aborted', async (t, { agent, waiting }) => {
    const controller = new AbortController()
    const reading = (async () => {
      for await (const _ of agent('a').messages({ signal: controller.signal })) t.fail('nobody posts')
    })()
    await waiting(1)
    controller.abort()
    await reading
    await waiting(0)
  })

  test('messages outlives a restart of the hub, and neither loses nor repeats', async (t, {
    agent,
    restart,
    waiting,
  }) => {
    const a = agent('a')
    const feed = agent('b').messages()
    const first = feed.next()
    await waiting(1)
    const one = await a.post('1')
    t.equal((await first).value?.id, one.id)
    const second = feed.next()
    await waiting(1)
    await restart('same')
    const two = await a.post('2')
    t.equal((await second).value?.id, two.id)
    await feed.return?.()
  })
}
