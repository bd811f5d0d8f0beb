// Those who wait at the door: who is woken by what, once, and that nobody is left behind. Pure but for the clock.

import t from 'tap'
import { isVisible } from '../../src/dispatch/recent.js'
import { type Waiter, Waiters } from '../../src/dispatch/waiters.js'
import type { FeedMessage, MessageFilter } from '../../src/storage/commands.js'
import { Random, rounds } from '../support/campaign.js'
import { until } from '../support/waiting.js'

const LONG_MS = 60_000

function message(fields: Partial<FeedMessage> = {}): FeedMessage {
  return { id: 1, from: 'ann', to: null, channel: 'general', threadId: null, json: '{}', ...fields }
}

/** A waiter that writes down why it was woken. */
function waiter(filter: MessageFilter): Waiter & { readonly woken: string[] } {
  const woken: string[] = []
  return { filter, woken, wake: (reason) => woken.push(reason) }
}

/** Waiters that are gone when the test ends, since their timers would keep it alive. */
function open(t: { teardown(end: () => void): void }): Waiters {
  const waiters = new Waiters()
  t.teardown(() => waiters.wakeAll('ended'))
  return waiters
}

t.test('a message wakes those whose filter it matches, and nobody else', async (t) => {
  const waiters = open(t)
  const filters: Record<string, MessageFilter> = {
    all: { agentId: 'bob' },
    itsChannel: { channels: ['design'] },
    itsThread: { threadId: 'plan' },
    both: { channels: ['design'], threadId: 'plan' },
    otherChannel: { channels: ['general'] },
    otherThread: { threadId: 'other' },
    otherChannelSameThread: { channels: ['general'], threadId: 'plan' },
    author: { agentId: 'ann' },
    authorWithoutOwn: { agentId: 'ann', excludeSelf: true },
  }
  const parked = Object.entries(filters).map(([name, filter]) => ({ name, it: waiter(filter) }))
  for (const { it } of parked) waiters.park(it, LONG_MS)
  waiters.published([message({ channel: 'design', threadId: 'plan' })])
  const woken = parked.filter(({ it }) => it.woken.length > 0).map(({ name }) => name)
  t.strictSame(woken, ['all', 'itsChannel', 'itsThread', 'both', 'author'])
  t.equal(waiters.size, parked.length - woken.length)
})

t.test('a direct message wakes its addressee alone', async (t) => {
  const waiters = open(t)
  const [bob, cyd, everyone, bobInChannel] = [
    waiter({ agentId: 'bob' }),
    waiter({ agentId: 'cyd' }),
    waiter({ channels: ['direct'] }),
    waiter({ agentId: 'bob', channels: ['design'] }),
  ]
  for (const it of [bob, cyd, everyone, bobInChannel]) waiters.park(it, LONG_MS)
  waiters.published([message({ to: 'bob', channel: 'direct' })])
  t.strictSame(
    [bob, cyd, everyone, bobInChannel].map(({ woken }) => woken),
    [['match'], [], [], []],
  )
})

t.test('a waiter is woken once, however many messages match it', async (t) => {
  const waiters = open(t)
  const it = waiter({ agentId: 'bob', threadId: 'plan' })
  waiters.park(it, LONG_MS)
  waiters.published([message({ threadId: 'plan' }), message({ threadId: 'plan', to: 'bob' }), message()])
  waiters.published([message({ threadId: 'plan' })])
  t.strictSame(it.woken, ['match'])
  t.equal(waiters.size, 0)
})

t.test('by its deadline a waiter is woken without a match', async (t) => {
  const waiters = open(t)
  const it = waiter({ channels: ['general'] })
  waiters.park(it, 10)
  await until('the deadline', () => it.woken.length > 0)
  t.strictSame(it.woken, ['deadline'])
  waiters.published([message()])
  t.strictSame(it.woken, ['deadline'])
  t.equal(waiters.size, 0)
})

t.test('who was taken out is never woken', async (t) => {
  const waiters = open(t)
  const it = waiter({ channels: ['general'] })
  waiters.park(it, 10)
  t.equal(waiters.remove(it), true)
  t.equal(waiters.remove(it), false)
  waiters.published([message()])
  waiters.wakeAll('again')
  const other = waiter({ channels: ['other'] })
  waiters.park(other, 20)
  await until('a later deadline', () => other.woken.length > 0)
  t.strictSame(it.woken, [])
  t.equal(waiters.size, 0)
})

t.test('all can be woken at once, and told why', async (t) => {
  const waiters = open(t)
  const parked = [{ channels: ['a'] }, { threadId: 'b' }, { agentId: 'c' }].map(waiter)
  for (const it of parked) waiters.park(it, LONG_MS)
  waiters.wakeAll('again')
  t.strictSame(
    parked.map(({ woken }) => woken),
    [['again'], ['again'], ['again']],
  )
  t.equal(waiters.size, 0)
})

t.test('who is woken may park again at once, and is not woken by the same message', async (t) => {
  const waiters = open(t)
  const woken: string[] = []
  const again: Waiter = { filter: { channels: ['general'] }, wake: (reason) => woken.push(`again ${reason}`) }
  const first: Waiter = {
    filter: { channels: ['general'] },
    wake: (reason) => {
      woken.push(`first ${reason}`)
      waiters.park(again, LONG_MS)
    },
  }
  waiters.park(first, LONG_MS)
  waiters.published([message(), message()])
  t.strictSame(woken, ['first match'])
  waiters.published([message()])
  t.strictSame(woken, ['first match', 'again match'])
})

t.test('an agent counts as waiting until its last waiter is gone', async (t) => {
  const waiters = open(t)
  const [one, other] = [waiter({ agentId: 'bob' }), waiter({ agentId: 'bob', channels: ['design'] })]
  waiters.park(one, LONG_MS)
  waiters.park(other, LONG_MS)
  waiters.park(waiter({ channels: ['design'] }), LONG_MS)
  t.strictSame(waiters.agents(), ['bob'])
  waiters.remove(one)
  t.strictSame(waiters.agents(), ['bob'])
  waiters.remove(other)
  t.strictSame(waiters.agents(), [])
})

t.test('among many waiters of all kinds a message finds just those who may see it', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const waiters = open(t)
  const names = ['a', 'b', 'c']
  const pick = <T>(from: readonly T[]) => from[random.between(0, from.length - 1)] as T
  const filter = (): MessageFilter => ({
    agentId: pick([undefined, ...names]),
    channels: pick([undefined, ['a'], ['b'], ['b', 'c']]),
    threadId: pick([undefined, ...names]),
    excludeSelf: pick([true, false]),
  })
  const parked = new Set<ReturnType<typeof waiter>>()
  const wrong: unknown[] = []
  for (let round = 0; round < rounds(2_000, 50_000); round++) {
    while (parked.size < 30) {
      const it = waiter(filter())
      parked.add(it)
      waiters.park(it, LONG_MS)
    }
    const to = pick([null, null, ...names])
    const posted = message({ from: pick(names), to, channel: pick(names), threadId: pick([null, ...names]) })
    waiters.published([posted])
    for (const it of parked) {
      const expected = isVisible(posted, it.filter) ? 1 : 0
      if (it.woken.length !== expected) wrong.push({ posted, filter: it.filter, woken: it.woken })
      if (it.woken.length > 0) parked.delete(it)
    }
  }
  t.strictSame(wrong, [])
  t.equal(waiters.size, parked.size)
})
