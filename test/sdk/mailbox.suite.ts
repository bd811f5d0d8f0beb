// What a registered client reads: its agent's mailbox (PROTOCOL §18). The hub marks a message as shown when the program has
// taken it, and not before.

import { setTimeout as delay } from 'node:timers/promises'
import type { ReceivedMessage } from '../../src/sdk/index.js'
import { until } from '../support/waiting.js'
import { testsOver, type Way } from './room.js'

export function mailboxSuite(way: Way): void {
  const { test, sameByAnyWay } = testsOver(way)

  test('a poll shows what it returns, once, to whichever client of the agent', async (t, room) => {
    const me = room.agent('me')
    const other = room.agent('other')
    await me.register()
    const direct = await other.dm('me', 'direct')
    const ambient = await other.post('for all')
    t.match(await other.receipts(direct.id), [{ agent_id: 'me', state: 'queued', reason: 'no_reader' }])
    t.match(await me.poll({ timeout: 0 }), [{ id: direct.id }, { id: ambient.id }])
    await until('it to be shown', async () => (await other.receipts(direct.id))[0]?.state === 'shown')
    t.match(await other.receipts(direct.id), [{ via: 'sdk', offers: 1 }])
    const again = room.agent('me')
    await again.register({ replace: true })
    t.strictSame(await again.poll({ timeout: 0 }), [], 'another client of the agent is not offered it again')
  })

  test('a poll waits for the next message', async (t, room) => {
    const [me, other] = [room.agent('me'), room.agent('other')]
    await me.register()
    const polled = me.poll({ timeout: 20 })
    await room.waiting(1)
    const { id } = await other.dm('me', 'now')
    t.match(await polled, [{ id }])
  })

  sameByAnyWay('polls at the same time share what there is', async (t, room) => {
    const [me, other] = [room.agent('me'), room.agent('other')]
    await me.register()
    for (let i = 0; i < 6; i++) await other.dm('me', `${i}`)
    const pages = await Promise.all(Array.from({ length: 4 }, () => me.poll({ timeout: 0, limit: 2 })))
    const ids = pages.flat().map((message) => message.id)
    t.equal(new Set(ids).size, ids.length)
    t.equal(ids.length, 6)
  })

  sameByAnyWay('a view of its own reads the feed, and shows nothing', async (t, room) => {
    const [me, other] = [room.agent('me'), room.agent('other')]
    await me.register()
    const { id } = await other.dm('me', 'direct')
    t.match(await me.poll({ timeout: 0, sinceId: 0 }), [{ id }])
    t.match(await other.receipts(id), [{ state: 'queued' }])
  })

  test('the loop shows a message when it asks for the next one, or is left', async (t, room) => {
    const [me, other] = [room.agent('me'), room.agent('other')]
    await me.register()
    const posted = [await other.dm('me', '1'), await other.dm('me', '2'), await other.dm('me', '3')]
    const seen: number[] = []
    for await (const message of me.messages()) {
      seen.push(message.id)
      t.match(await other.receipts(message.id), [{ state: 'offered' }])
      if (seen.length === 2) break
    }
    const states = await Promise.all(posted.map(async ({ id }) => (await other.receipts(id))[0]?.state))
    t.strictSame(states, ['shown', 'shown', 'offered'])
    t.match(
      await me.poll({ timeout: 5 }),
      [{ id: posted[2]?.id, offers: 2 }],
      'the rest is offered again at once',
    )
  })

  test('onMessage calls one after another, and ends with its signal', async (t, room) => {
    const [me, other] = [room.agent('me'), room.agent('other')]
    await me.register()
    for (const body of ['1', '2', '3']) await other.dm('me', body)
    const ending = new AbortController()
    const bodies: string[] = []
    let running = 0
    await me.onMessage(
      async ({ body }) => {
        t.equal(++running, 1)
        await new Promise((resolve) => setTimeout(resolve, 5))
        running--
        if (bodies.push(body) === 3) ending.abort()
      },
      { signal: ending.signal },
    )
    t.strictSame(bodies, ['1', '2', '3'])
  })

  test('messages survive a restart of the hub, each once', async (t, room) => {
    const [me, other] = [room.agent('me'), room.agent('other', { retryFor: 30 })]
    await me.register()
    const seen: ReceivedMessage[] = []
    const ending = new AbortController()
    const reading = me.onMessage((message) => seen.push(message), { signal: ending.signal })
    await other.dm('me', 'before')
    await until('the first', () => seen.length === 1)
    await room.restart('same')
    await other.dm('me', 'after')
    await until('the second', () => seen.length === 2)
    ending.abort()
    await reading
    t.strictSame(
      seen.map(({ body }) => body),
      ['before', 'after'],
    )
  })

  sameByAnyWay('ack, undelivered, mailbox, agent and message', async (t, room) => {
    const [me, other] = [room.agent('me'), room.agent('other')]
    await me.register()
    const { id, recipient } = await other.dm('me', 'hello')
    t.match(recipient, { agent_id: 'me', known: true, present: true, unread: 1 })
    t.match(await me.message(id), { id, body: 'hello' })
    t.match(await me.mailbox(), { unread: 1 })
    t.match(await other.undelivered(), [{ message_id: id, agent_id: 'me' }])
    t.match(await other.undelivered({ to: 'nobody' }), [])
    t.match(await me.undelivered({ from: null }), [{ message_id: id }])
    t.match(await me.ack(id, { note: 'seen' }), { state: 'acknowledged', note: 'seen' })
    t.match(await other.undelivered(), [])
    t.match(await other.agent('me'), { session: { agent_id: 'me' }, mailbox: { unread: 0 } })
    await t.rejects(other.agent('mee'), { status: 404, message: /did you mean "me"/ })
  })

  sameByAnyWay('a post to nobody, and a post after news, are refused', async (t, room) => {
    const [me, other] = [room.agent('me'), room.agent('other')]
    await me.register()
    await t.rejects(other.dm('me2', 'x', { toMustExist: true }), {
      code: 'unknown_recipient',
      beside: { near: ['me'] },
    })
    const { id } = await me.post('first')
    const newer = await other.post('second')
    await t.rejects(me.post('third', { ifLatest: id }), { code: 'stale', beside: { messages: [newer] } })
    t.match(await me.post('third', { ifLatest: newer.id }), { body: 'third' })
  })

  sameByAnyWay('a message that was cut is read whole', async (t, room) => {
    const [me, other] = [room.agent('me'), room.agent('other')]
    await me.register()
    const content = 'x'.repeat(250_000)
    const attachments = Array.from({ length: 20 }, () => ({ type: 'text' as const, content }))
    for (let i = 0; i < 4; i++) await other.dm('me', `${i}`, { attachments })
    const seen: ReceivedMessage[] = []
    while (seen.length < 4) seen.push(...(await me.poll({ timeout: 5 })))
    for (const message of seen) t.equal(message.attachments.length, 20)
  })

  sameByAnyWay('what a reader may need again comes again at once', async (t, room) => {
    const [me, other] = [room.agent('me'), room.agent('other')]
    await me.register()
    const abort = new AbortController()
    const reading = (async () => {
      for await (const message of me.messages({ signal: abort.signal })) return message
      return undefined
    })()
    await room.waiting(1)
    const posted = await other.dm('me', 'now')
    abort.abort('enough')
    const got = (await reading) ?? (await me.poll({ timeout: 5 }))[0]
    t.equal(got?.id, posted.id, 'an aborted loop leaves no offer that nobody reads')
  })

  sameByAnyWay('a loop in which the client closes has read its message', async (t, room) => {
    const [me, other] = [room.agent('me'), room.agent('other')]
    await me.register()
    const posted = [await other.dm('me', 'stop'), await other.dm('me', 'later')]
    for await (const { body } of me.messages()) if (body === 'stop') await me.close()
    const states = await Promise.all(posted.map(async ({ id }) => (await other.receipts(id))[0]?.state))
    t.strictSame(states, ['shown', 'offered'])
    const next = room.agent('me')
    await next.register({ replace: true })
    t.match(await next.poll({ timeout: 0 }), [{ body: 'later', offers: 2 }], 'and the rest comes at once')
  })

  sameByAnyWay('a loop outlives an outage that begins while a message is handled', async (t, room) => {
    const [me, other] = [room.agent('me', { retryFor: 0.5 }), room.agent('other')]
    await me.register()
    await other.dm('me', 'one')
    const read: string[] = []
    for await (const { body } of me.messages()) {
      read.push(body)
      if (body === 'two') break
      await room.hub.stop()
      setTimeout(async () => {
        await room.restart('same')
        await other.dm('me', 'two')
      }, 3_000)
    }
    t.strictSame(read, ['one', 'two'])
  })

  sameByAnyWay('an offer that is aborted as it comes is offered again at once', async (t, room) => {
    const [me, other] = [room.agent('me'), room.agent('other')]
    await me.register()
    for (let i = 0; i < 10; i++) {
      const abort = new AbortController()
      const asked = me.offer({ timeout: 20, signal: abort.signal })
      const posted = await other.dm('me', `${i}`)
      abort.abort('enough')
      const offer = (await asked.catch(() => undefined)) ?? (await me.offer())
      t.match(offer?.messages, [{ id: posted.id }])
      await offer?.shown()
    }
  })

  sameByAnyWay(
    'what comes around a close or an abort comes to the next client at once, and once',
    async (t, room) => {
      const other = room.agent('other')
      const seen: string[] = []
      for (let i = 0; i < 12; i++) {
        const me = room.agent('me')
        await me.register({ replace: true })
        const abort = new AbortController()
        const reading = me.onMessage(({ body }) => void seen.push(body), { signal: abort.signal })
        if (i === 0) await room.waiting(1)
        await other.dm('me', `${i}`)
        await delay(i % 4)
        if (i % 2 === 0) abort.abort('enough')
        await me.close()
        await reading
      }
      const last = room.agent('me')
      await last.register({ replace: true })
      for (const { body } of await last.poll({ timeout: 5 })) seen.push(body)
      t.strictSame(
        seen.map(Number).sort((a, b) => a - b),
        [...Array(12).keys()],
      )
    },
  )

  sameByAnyWay('an offer has one answer', async (t, room) => {
    const [me, other] = [room.agent('me'), room.agent('other')]
    await me.register()
    const posted = [await other.dm('me', '1'), await other.dm('me', '2')]
    const offer = await me.offer()
    await offer?.shown(posted[0]?.id)
    await offer?.shown(posted[0]?.id)
    await t.rejects(offer?.shown() ?? Promise.resolve(), { code: 'offer_lapsed', message: /up to \d+/ })
    t.match(await me.offer(), { messages: [{ id: posted[1]?.id }] })
  })

  sameByAnyWay('a message to an empty name is a message to nobody', async (t, room) => {
    const me = room.agent('me')
    const none = undefined as unknown as string
    for (const posting of [
      me.dm('', 'x'),
      me.dm(' ', 'x', { toMustExist: true }),
      me.dm(none, 'x'),
      me.post('x', { to: '' }),
      me.createTask('x', { to: '' }),
      me.call('', 'x'),
      me.call({ to: none }, 'x'),
      me.call({} as { to: string }, 'x'),
      me.post('x', { channel: '' }),
      me.post('x', { threadId: ' ' }),
    ])
      await t.rejects(posting, { code: 'invalid_request', message: /must (not be empty|be a string)/ })
    t.strictSame(await me.listMessages({ channel: 'general' }), [])
  })
}
