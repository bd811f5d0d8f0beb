// PROTOCOL §10: requests as large as they may be, and answers that are larger still, delivered or not. The hub's
// memory stays bounded, and the others wait no longer than for a few of them.

import { existsSync, renameSync, symlinkSync } from 'node:fs'
import t from 'tap'
import { Arena } from '../support/arena.js'
import { isFull, rounds } from '../support/campaign.js'

const GIANTS = rounds(6, 200)
const GIANT_BYTES = 8 * 1024 * 1024
/** Each of 2 MB. */
const LARGE = rounds(100, 5_000)
/** A hub that has much to do may take this much more than one that has nothing to do. */
const MAX_GROWTH_MB = 1_000
/** What a bystander may have to wait where each request before its own is work for the storage. */
const HEAVY_MS = 5_000
const LONG_MS = isFull ? 1_200_000 : 100_000

const noProc = existsSync('/proc/self/status') ? false : 'reads /proc'
const arena = await Arena.enter(t)

t.test(`${GIANTS} requests of 8 MiB at once`, { skip: noProc }, async (t) => {
  const evils = [arena.agent('giant-1'), arena.agent('giant-2'), arena.agent('giant-3')]
  const content = 'x'.repeat(250_000)
  const attachments = Array.from({ length: GIANT_BYTES / 262_144 }, () => ({ type: 'text', content }))
  const asked: [(typeof evils)[number], string][] = []
  const growthMb = await arena.growthDuring(async () => {
    for (let i = 0; i < GIANTS; i++) {
      const evil = evils[i % evils.length] as (typeof evils)[number]
      const body = { from_agent: evil.name, to_agent: 'nobody', attachments }
      asked.push([evil, evil.submit('POST', '/v1/messages', { body })])
    }
    for (const [evil, stem] of asked) t.equal((await evil.response(stem, LONG_MS)).status, 201)
  })
  t.comment(`${growthMb} MB more`)
  t.ok(growthMb < MAX_GROWTH_MB, `${growthMb} MB more memory at most`)
  await arena.unharmed(t)
})

t.test('giant requests that only wait are refused', async (t) => {
  const evil = arena.agent('waiting')
  const body = { padding: 'x'.repeat(1_000_000) }
  const { status, error } = await evil.ask('GET', '/v1/events?agent_id=waiting&timeout=60&since_id=99', {
    body,
  })
  t.equal(status, 400)
  t.match(error, /at most 65536 bytes/)
  await arena.unharmed(t)
})

t.test(`${LARGE} large answers that can't be delivered`, { skip: noProc }, async (t) => {
  const evil = arena.agent('large')
  const body = { from_agent: 'evil', channel: 'general', body: 'x'.repeat(100_000) }
  for (let i = 0; i < 20; i++) t.equal((await evil.ask('POST', '/v1/messages', { body })).status, 201)
  renameSync(evil.responses, `${evil.responses}.was`)
  symlinkSync(arena.outside, evil.responses)
  const growthMb = await arena.growthDuring(async () => {
    for (let i = 0; i < LARGE; i++) evil.submit('GET', '/v1/messages?channel=general&limit=20')
    await arena.logs(/responses\/large can't be written/)
    for (let i = 0; i < 100; i++) await arena.agent('visitor').ask('GET', '/v1/hub-info')
  })
  t.comment(`${growthMb} MB more`)
  t.ok(growthMb < MAX_GROWTH_MB, `${growthMb} MB more memory at most`)
  await arena.unharmed(t)
})

t.test('all the time the others were served', (t) => arena.leave(t, HEAVY_MS))
