// PROTOCOL §10, what is ours, by files alone: waits that hold up nobody, order, exactly one effect, withdrawal
// and the time-to-live. No SDK takes part.

import { existsSync, mkdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { HubStatus, Message } from '../../src/protocol/objects.js'
import { Calls, resultOf } from '../support/calls.js'
import { RawAgent } from '../support/raw-agent.js'
import { until } from '../support/waiting.js'
import { needsOwnHub, type OwnHub, ownFolder, ownHub } from './target.js'

if (needsOwnHub) {
  t.plan(0, needsOwnHub)
  process.exit()
}

const spool = join(await ownFolder(t), 'spool')
const target: OwnHub = await ownHub(t, { spoolDir: spool })
const calls = new Calls(t, target.url, 8)

const agent = (name: string) => new RawAgent(spool, name)

/** How often a text was posted to `general`. */
async function effects(text: string): Promise<number> {
  return (await calls.everythingIn('general')).filter(({ body }) => body === text).length
}

/** Waits until so many long-polls wait at the file door. */
async function parked(polls: number): Promise<void> {
  await until(`${polls} parked long-polls`, async () => {
    const { body } = await agent('looker').ask<HubStatus>('GET', '/v1/status')
    return body?.result?.waiting_polls === polls
  })
}

t.test('§10: a waiting long-poll holds up no other request, of the same agent or another', async (t) => {
  const [a, b] = [agent('patient'), agent('hasty')]
  const since = resultOf(
    await calls.get<{ latest_visible_id: number }>('/v1/bootstrap', { agent_id: 'patient' }),
  )
  const path = `/v1/events?agent_id=patient&since_id=${since.latest_visible_id}&timeout=50`
  const polls = Array.from({ length: 5 }, () => a.submit('GET', path))
  await parked(5)
  for (const other of [a, b]) {
    for (let i = 0; i < 5; i++) t.equal((await other.ask('GET', '/v1/hub-info')).status, 200)
  }
  t.notOk(
    polls.some((stem) => a.hasResponse(stem)),
    'they still wait',
  )
  await b.ask('POST', '/v1/messages', { body: { from_agent: 'hasty', to_agent: 'patient', body: 'now' } })
  for (const stem of polls) t.match((await a.response<Message[]>(stem)).body?.result, [{ body: 'now' }])
})

t.test('§10: a long-poll over files ends at its deadline with nothing', async (t) => {
  const a = agent('lonely')
  const startedAt = performance.now()
  const { status, body } = await a.ask('GET', '/v1/events?agent_id=lonely&since_id=999999&timeout=1')
  t.strictSame([status, body?.result], [200, []])
  t.ok(performance.now() - startedAt > 990)
})

t.test('§10: requests of one agent start in the order of their file names', async (t) => {
  const prepared = join(spool, 'prepared')
  mkdirSync(prepared)
  const a = agent('ordered')
  const order = Array.from({ length: 200 }, (_, n) => `o-${String(n).padStart(4, '0')}`)
  for (const stem of order.toSorted(() => Math.random() - 0.5)) {
    const body = { from_agent: 'ordered', body: stem, thread_id: 'ordered' }
    writeFileSync(join(prepared, `${stem}.json`), a.envelope('POST', '/v1/messages', { stem, body }))
  }
  renameSync(prepared, join(spool, 'requests', 'ordered-too'))
  const b = agent('ordered-too')
  for (const stem of order) await b.response(stem)
  const messages = resultOf(await calls.get<Message[]>('/v1/messages', { thread_id: 'ordered', limit: 500 }))
  t.strictSame(
    messages.map(({ body }) => body),
    order,
  )
})

t.test('§10: a stem that is used again has no second effect, whatever it says', async (t) => {
  const a = agent('repeating')
  const stem = a.say('said once', 'again')
  const first = await a.response(stem)
  t.equal(first.status, 201)
  const text = readFileSync(join(a.requests, 'again.work'))
  a.put('again.json', text)
  await until('it to be gone', () => !a.listing().includes('again.json'))
  a.put(
    'again.json',
    a.envelope('POST', '/v1/messages', { body: { from_agent: 'repeating', body: 'another' } }),
  )
  await until('it to be gone', () => !a.listing().includes('again.json'))
  await a.ask('GET', '/v1/hub-info')
  t.equal(await effects('said once'), 1)
  t.equal(await effects('another'), 0)
  t.strictSame(await a.response(stem), first, 'the response is the first one')
  t.strictSame(readFileSync(join(a.requests, 'again.work')), text, 'and so is the request')
})

t.test('§10: a stem that is used again after its files were moved away is answered by its key', async (t) => {
  const a = agent('moved')
  const first = await a.response<Message>(a.say('said once, and moved', 'again'))
  const envelope = readFileSync(join(a.requests, 'again.work'), 'utf8')
  const moveAway = () => {
    renameSync(join(a.requests, 'again.work'), join(spool, `away-${Math.random()}`))
    renameSync(join(a.responses, 'again.json'), join(spool, `away-${Math.random()}`))
  }
  moveAway()
  a.put('again.json', envelope)
  t.equal((await a.response<Message>('again')).body?.result?.id, first.body?.result?.id, 'the same answer')
  t.equal(await effects('said once, and moved'), 1)
  moveAway()
  a.put('again.json', envelope.replace('said once', 'said twice'))
  t.match(await a.response('again'), { status: 422, ok: false, body: { code: 'idempotency_key_reused' } })
  t.equal(await effects('said twice, and moved'), 0)
})

t.test('§10: one stem in two agents’ folders is two requests', async (t) => {
  const [a, b] = [agent('one-of-two'), agent('two-of-two')]
  a.say('hello from one', 'same')
  b.say('hello from two', 'same')
  t.equal((await a.response('same')).status, 201)
  t.equal((await b.response('same')).status, 201)
  t.strictSame([await effects('hello from one'), await effects('hello from two')], [1, 1])
})

t.test('§10: a request that is withdrawn in time is never executed', async (t) => {
  const place = await ownFolder(t)
  const withdrawing = new RawAgent(place, 'withdrawing')
  const stem = withdrawing.say('withdrawn', 'w')
  renameSync(join(withdrawing.requests, 'w.json'), join(withdrawing.requests, 'w.cancelled'))
  withdrawing.say('meant', 'x')
  const hub = await ownHub(t, { spoolDir: place })
  t.equal((await withdrawing.response('x')).status, 201)
  const messages = (await hub.get<Message[]>('/v1/messages?channel=general')).result
  t.strictSame(
    messages.map(({ body }) => body),
    ['meant'],
  )
  t.notOk(withdrawing.hasResponse(stem))
  t.throws(
    () => renameSync(join(withdrawing.requests, 'x.json'), join(withdrawing.requests, 'x.cancelled')),
    { code: 'ENOENT' },
    'one that was claimed can’t be withdrawn any more',
  )
})

t.test('§10: a .gone file beside a claimed request ends its wait', async (t) => {
  const a = agent('leaving')
  const stem = a.submit('GET', '/v1/events?agent_id=leaving&since_id=999999&timeout=60')
  await parked(1)
  writeFileSync(join(a.requests, `${stem}.gone`), '')
  t.match(await a.response(stem, 20_000), { status: 200, body: { result: [] } })
  await parked(0)
})

// The time-to-live. Time can be told by the request and by its file: the oldest counts.

const AN_HOUR_MS = 3_600_000
const hoursFromNow = (hours: number) => new Date(Date.now() + hours * AN_HOUR_MS)

/** Submits a post whose file was written at another time. */
function submitAt(a: RawAgent, stem: string, written: Date, members: object): void {
  const body = { from_agent: a.name, body: `${a.name} ${stem}` }
  const temporary = join(a.requests, `.${stem}.tmp`)
  writeFileSync(temporary, a.envelope('POST', '/v1/messages', { stem, body, members }))
  utimesSync(temporary, written, written)
  renameSync(temporary, join(a.requests, `${stem}.json`))
}

async function expired(t: Test, a: RawAgent, stem: string): Promise<void> {
  t.match(await a.response(stem), { ok: false, status: 408, error: /older than the hub accepts/ }, stem)
  t.equal(await effects(`${a.name} ${stem}`), 0, 'no effect')
}

t.test('§10: a request older than the time-to-live gets an error and has no effect', async (t) => {
  const a = agent('late')
  const now = new Date()
  submitAt(a, 'file', hoursFromNow(-1), {})
  submitAt(a, 'created', now, { created_at: hoursFromNow(-1).toISOString() })
  submitAt(a, 'epoch', new Date(0), {})
  submitAt(a, 'both', hoursFromNow(-1), { created_at: hoursFromNow(1000).toISOString() })
  submitAt(a, 'ahead', hoursFromNow(1000), { created_at: hoursFromNow(-1).toISOString() })
  for (const stem of ['file', 'created', 'epoch', 'both', 'ahead']) await expired(t, a, stem)
  const read = a.submit('GET', '/v1/hub-info', { members: { created_at: hoursFromNow(-1).toISOString() } })
  t.equal((await a.response(read)).status, 408, 'one that only reads as well')
})

t.test('§10: a request just written is executed, whatever clock its writer has', async (t) => {
  const a = agent('ahead')
  submitAt(a, 'ahead', hoursFromNow(1000), { created_at: hoursFromNow(100_000).toISOString() })
  submitAt(a, 'unreadable', new Date(), { created_at: 'yesterday' })
  submitAt(a, 'number', new Date(), { created_at: 0 })
  for (const stem of ['ahead', 'unreadable', 'number']) t.equal((await a.response(stem)).status, 201, stem)
})

t.test('§10: no time that a sandbox sets makes a request live longer than the time-to-live', async (t) => {
  const place = await ownFolder(t)
  const a = new RawAgent(place, 'liar')
  // Claimed by a host that died, and not claimed by any; both say that they are from the future.
  const future = hoursFromNow(1000)
  submitAt(a, 'claimed', future, { created_at: future.toISOString() })
  renameSync(join(a.requests, 'claimed.json'), join(a.requests, 'claimed.work'))
  submitAt(a, 'waiting', future, { created_at: future.toISOString() })
  const { ctimeMs } = statSync(join(a.requests, 'waiting.json'))
  await until('them to be older than a second', () => Date.now() > ctimeMs + 1_050)
  const hub = await ownHub(t, { spoolDir: place, requestTtlSec: 1 })
  for (const stem of ['claimed', 'waiting']) t.match(await a.response(stem), { status: 408 }, stem)
  t.strictSame((await hub.get('/v1/messages?channel=general')).result, [])
})

t.test(
  '§10: a .work file without a response is finished at start-up, one with a response is left',
  async (t) => {
    const place = await ownFolder(t)
    const a = new RawAgent(place, 'orphan')
    for (const stem of ['unfinished', 'finished']) {
      a.say(stem, stem)
      renameSync(join(a.requests, `${stem}.json`), join(a.requests, `${stem}.work`))
    }
    mkdirSync(a.responses, { recursive: true })
    writeFileSync(join(a.responses, 'finished.json'), '{"ok":true,"status":201}')
    const hub = await ownHub(t, { spoolDir: place })
    t.equal((await a.response('unfinished')).status, 201)
    const messages = (await hub.get<Message[]>('/v1/messages?channel=general')).result
    t.strictSame(
      messages.map(({ body }) => body),
      ['unfinished'],
    )
    t.equal(readFileSync(join(a.responses, 'finished.json'), 'utf8'), '{"ok":true,"status":201}')
  },
)

t.test('§10: without a watch the scan finds every request', async (t) => {
  const place = await ownFolder(t)
  await ownHub(t, { spoolDir: place, watchSpool: false })
  const a = new RawAgent(place, 'unwatched')
  t.equal((await a.ask('GET', '/v1/hub-info')).status, 200)
  t.equal((await a.ask('GET', '/v1/hub-info')).status, 200)
  t.ok(existsSync(join(place, 'archive')))
})
