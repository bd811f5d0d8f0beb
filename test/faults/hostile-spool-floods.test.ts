// PROTOCOL §10: too much of everything. One agent's thousands of requests, thousands of folders, requests as
// large as they may be, answers that can't be delivered: the hub's memory and log stay bounded, it does
// not crash, and whoever else is there is served meanwhile.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { Arena } from '../support/arena.js'
import { isFull, rounds } from '../support/campaign.js'
import { until } from '../support/waiting.js'

const FILES = rounds(3_000, 100_000)
const FOLDERS = rounds(1_000, 10_000)
const GIANTS = rounds(12, 200)
const UNDELIVERABLE = rounds(1_000, 20_000)
/** Each of 2 MB. */
const LARGE = rounds(300, 5_000)
const ODD_NAMES = rounds(2_000, 20_000)
const GIANT_BYTES = 8 * 1024 * 1024
/** A hub that has much to do may take this much more than one that has nothing to do. */
const MAX_GROWTH_MB = 400
/** What a bystander may have to wait where each request before its own is work for the storage. */
const HEAVY_MS = 5_000
const LONG_MS = isFull ? 1_200_000 : 100_000
const LOOK_EVERY_MS = 64

t.jobs = 1

/** Resident memory of a process, MiB. */
function residentMb(pid: number): number {
  const [, kb] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Math.round(Number(kb) / 1_024)
}

/** Processor time that a process has used, ms. */
function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** The most memory that the hub has while `work` goes on, beyond what it had before. */
async function growthDuring(arena: Arena, work: () => Promise<unknown>): Promise<number> {
  const before = residentMb(arena.hub.pid)
  let most = before
  const look = setInterval(() => {
    most = Math.max(most, residentMb(arena.hub.pid))
  }, 50)
  try {
    await work()
  } finally {
    clearInterval(look)
  }
  return most - before
}

const noProc = existsSync('/proc/self/status') ? false : 'reads /proc'

t.test(`${FILES} requests of one agent at once`, { skip: noProc }, async (t) => {
  const arena = await Arena.enter(t)
  const evil = arena.agent('evil')
  const text = evil.envelope('GET', '/v1/hub-info')
  // All of them appear in one instant.
  const prepared = join(arena.spool, 'prepared')
  mkdirSync(prepared)
  for (let i = 0; i < FILES; i++) writeFileSync(join(prepared, `f-${String(i).padStart(6, '0')}.json`), text)
  const responses = join(arena.spool, 'responses', 'flood')
  const startedAt = performance.now()
  const growthMb = await growthDuring(arena, async () => {
    renameSync(prepared, join(arena.spool, 'requests', 'flood'))
    const isDone = async () => {
      await pause(LOOK_EVERY_MS)
      return (
        existsSync(join(responses, `f-${String(FILES - 1).padStart(6, '0')}.json`)) && allAnswered(responses)
      )
    }
    await until(`${FILES} answers`, isDone, LONG_MS)
  })
  const seconds = (performance.now() - startedAt) / 1_000
  t.comment(`${Math.round(FILES / seconds)} answers a second, ${growthMb} MB more`)
  t.ok(growthMb < MAX_GROWTH_MB, `${growthMb} MB more memory at most`)
  await arena.leave(t)
})

const allAnswered = (responses: string) =>
  readdirSync(responses).filter((name) => name.endsWith('.json')).length === FILES

t.test(`${FOLDERS} empty agent folders`, { skip: noProc }, async (t) => {
  const arena = await Arena.enter(t)
  for (let i = 0; i < FOLDERS; i++) mkdirSync(join(arena.spool, 'requests', `agent-${i}`))
  await arena.agent('late').ask('GET', '/v1/hub-info')
  const last = arena.agent(`agent-${FOLDERS - 1}`)
  t.equal((await last.ask('GET', '/v1/hub-info')).status, 200, 'the last of them is served')
  await arena.leave(t)
  // Now nobody asks for anything.
  await pause(3_000)
  const usedMs = processorMs(arena.hub.pid)
  await pause(3_000)
  const share = (processorMs(arena.hub.pid) - usedMs) / 3_000
  t.comment(`idle with ${FOLDERS} folders: ${(share * 100).toFixed(1)} % of a processor`)
})

t.test(`${GIANTS} requests of 8 MiB at once`, { skip: noProc }, async (t) => {
  const arena = await Arena.enter(t)
  const evils = [arena.agent('giant-1'), arena.agent('giant-2'), arena.agent('giant-3')]
  const content = 'x'.repeat(250_000)
  const attachments = Array.from({ length: GIANT_BYTES / 262_144 }, () => ({ type: 'text', content }))
  const asked: [(typeof evils)[number], string][] = []
  const growthMb = await growthDuring(arena, async () => {
    for (let i = 0; i < GIANTS; i++) {
      const evil = evils[i % evils.length] as (typeof evils)[number]
      const body = { from_agent: evil.name, to_agent: 'nobody', attachments }
      asked.push([evil, evil.submit('POST', '/v1/messages', { body })])
      await pause(0)
    }
    for (const [evil, stem] of asked) t.equal((await evil.response(stem, LONG_MS)).status, 201)
  })
  t.comment(`${growthMb} MB more`)
  t.ok(growthMb < 2.5 * MAX_GROWTH_MB, `${growthMb} MB more memory at most`)
  await arena.leave(t, HEAVY_MS)
})

t.test('giant requests that only wait are refused', async (t) => {
  const arena = await Arena.enter(t)
  const evil = arena.agent('evil')
  const body = { padding: 'x'.repeat(1_000_000) }
  const { status, error } = await evil.ask('GET', '/v1/events?agent_id=evil&timeout=60&since_id=99', { body })
  t.equal(status, 400)
  t.match(error, /at most 65536 bytes/)
  await arena.leave(t)
})

t.test(`${UNDELIVERABLE} requests whose answers can't be delivered`, { skip: noProc }, async (t) => {
  const arena = await Arena.enter(t)
  const evil = arena.agent('evil')
  symlinkSync(arena.outside, evil.responses)
  const stems: string[] = []
  const growthMb = await growthDuring(arena, async () => {
    for (let i = 0; i < UNDELIVERABLE; i++) stems.push(evil.say(`undelivered ${i}`))
    await arena.logs(/responses\/evil can't be written/)
  })
  const claimed = evil.listing().filter((name) => name.endsWith('.work')).length
  t.ok(claimed <= 256, `the hub takes no more than it can answer: ${claimed}`)
  t.comment(`${growthMb} MB more`)
  await arena.unharmed(t)
  unlinkSync(evil.responses)
  for (const stem of stems) {
    const { status } = await evil.response(stem, LONG_MS)
    if (status !== 201) t.fail(`${stem} got ${status}`)
  }
  await arena.leave(t)
})

t.test(`${LARGE} large answers that can't be delivered`, { skip: noProc }, async (t) => {
  const arena = await Arena.enter(t)
  const evil = arena.agent('evil')
  const body = { from_agent: 'evil', channel: 'general', body: 'x'.repeat(100_000) }
  for (let i = 0; i < 20; i++) t.equal((await evil.ask('POST', '/v1/messages', { body })).status, 201)
  renameSync(evil.responses, `${evil.responses}.was`)
  symlinkSync(arena.outside, evil.responses)
  const growthMb = await growthDuring(arena, async () => {
    for (let i = 0; i < LARGE; i++) evil.submit('GET', '/v1/messages?channel=general&limit=20')
    await arena.logs(/responses\/evil can't be written/)
    for (let i = 0; i < 100; i++) await arena.agent('visitor').ask('GET', '/v1/hub-info')
  })
  t.comment(`${growthMb} MB more`)
  t.ok(growthMb < 2.5 * MAX_GROWTH_MB, `${growthMb} MB more memory at most`)
  await arena.leave(t, HEAVY_MS)
})

t.test(`${ODD_NAMES} bad files and folders don't fill the log`, async (t) => {
  const arena = await Arena.enter(t)
  const evil = arena.agent('evil')
  for (let i = 0; i < ODD_NAMES; i++) {
    writeFileSync(join(arena.spool, 'requests', `not a queue ${i}`), '')
    symlinkSync(arena.outside, join(arena.spool, 'requests', `link-${i}`))
    symlinkSync(arena.secret, join(evil.requests, `bad-${String(i).padStart(6, '0')}.json`))
  }
  const last = `bad-${String(ODD_NAMES - 1).padStart(6, '0')}`
  t.equal((await evil.response(last, LONG_MS)).status, 400)
  t.comment(`${arena.hub.log.length} lines in the log`)
  await arena.leave(t)
})
