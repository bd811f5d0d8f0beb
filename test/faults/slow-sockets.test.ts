// Clients that are slow, by malice or by accident, hold nobody up: hundreds of sockets that trickle their
// headers keep no one from being answered at once, and are cut off when their time is over.

import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { Hub } from '../../src/actors/hub.js'
import { Calls } from '../support/calls.js'
import { isFull, rounds } from '../support/campaign.js'
import { startTestHub } from '../support/hub.js'
import { until } from '../support/waiting.js'

const SOCKETS = 500
const QUESTIONS = rounds(30, 300)
/** At full size, on a machine that does nothing else; the first question may wait for the routes to load. */
const ANSWER_WITHIN_MS = rounds(10_000, 1_000)
const TRICKLE_EVERY_MS = 500
/** The hub's time for headers is 10 s, for a whole request 60 s; it looks every 5 s. The rest is for a busy machine. */
const HEADERS_GONE_MS = 30_000
const REQUEST_GONE_MS = 90_000

t.jobs = 3

interface Slow {
  readonly sockets: readonly Socket[]
  /** What each was told before it was cut off, in the order of their ends. */
  readonly ended: string[]
}

/** Opens sockets that say `start`, and then one more byte every now and then until they are cut off. */
async function openSlow(t: Test, hub: Hub, count: number, start: string, more: string): Promise<Slow> {
  const ended: string[] = []
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(hub.port, '127.0.0.1')
    const told: Buffer[] = []
    socket.on('error', () => {}) // a reset is as good an end as any
    socket.on('data', (chunk: Buffer) => told.push(chunk))
    socket.on('close', () => ended.push(Buffer.concat(told).toString('latin1')))
    if (start !== '') socket.write(start)
    return socket
  })
  const trickle = setInterval(() => {
    for (const socket of sockets) if (more !== '' && socket.writable) socket.write(more)
  }, TRICKLE_EVERY_MS)
  t.teardown(() => {
    clearInterval(trickle)
    for (const socket of sockets) socket.destroy()
  })
  await until('all to be connected', () => sockets.every(({ connecting }) => !connecting))
  return { sockets, ended }
}

const allGone = ({ sockets, ended }: Slow, withinMs: number) =>
  until(
    () => `${sockets.length} sockets to be cut off, ${ended.length} were`,
    () => ended.length === sockets.length,
    withinMs,
  )

t.test('500 sockets that trickle their headers hold nobody up, and are cut off', async (t) => {
  const hub = await startTestHub(t)
  const calls = new Calls(t, hub.url)
  const slow = await openSlow(
    t,
    hub,
    SOCKETS,
    'GET /v1/hub-info HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: a',
    'a',
  )
  const openedAt = performance.now()
  const tookMs: number[] = []
  const statuses = new Set<number>()
  for (let i = 0; i < QUESTIONS; i++) {
    const askedAt = performance.now()
    statuses.add((await calls.get('/v1/hub-info')).status)
    tookMs.push(performance.now() - askedAt)
  }
  t.strictSame([...statuses], [200])
  t.equal(slow.ended.length, 0, 'all the time they were there')
  t.ok(Math.max(...tookMs) < ANSWER_WITHIN_MS, `each answer came within ${ANSWER_WITHIN_MS} ms`)
  await allGone(slow, HEADERS_GONE_MS)
  t.ok(
    slow.ended.every((told) => told === '' || told.startsWith('HTTP/1.1 408')),
    'with a 408, or without a word',
  )
  const seconds = ((performance.now() - openedAt) / 1_000).toFixed(1)
  t.comment(`longest answer ${Math.max(...tookMs).toFixed(1)} ms; all were cut off after ${seconds} s`)
})

t.test('sockets that say nothing at all are cut off as well', async (t) => {
  const hub = await startTestHub(t)
  await allGone(await openSlow(t, hub, 20, '', ''), HEADERS_GONE_MS)
})

t.test('a long-poll is no slow socket: it is not cut off', async (t) => {
  const hub = await startTestHub(t)
  const calls = new Calls(t, hub.url)
  const slow = await openSlow(t, hub, 1, 'GET / HTTP/1.1\r\n', 'a')
  const poll = calls.get('/v1/events', { agent_id: 'patient', timeout: 60 }, 70_000)
  await calls.waiting(1)
  await allGone(slow, HEADERS_GONE_MS)
  await calls.say({ body: 'at last' })
  t.match((await poll).envelope.result, [{ body: 'at last' }])
})

t.test('bodies that trickle are cut off', { skip: isFull ? false : 'takes a minute' }, async (t) => {
  const hub = await startTestHub(t)
  const start = 'POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n{'
  await allGone(await openSlow(t, hub, 50, start, ' '), REQUEST_GONE_MS)
  t.equal((await new Calls(t, hub.url).get('/v1/hub-info')).status, 200)
})
