// PROTOCOL §10: too much of everything. One agent's thousands of requests, answers that can't be delivered,
// bad files, thousands of folders: the hub's memory and log stay bounded, and whoever else is there is
// served meanwhile.

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

const FILES = rounds(2_000, 100_000)
const UNDELIVERABLE = rounds(400, 20_000)
const ODD_NAMES = rounds(500, 20_000)
const FOLDERS = rounds(500, 10_000)
/** A hub that has much to do may take this much more than one that has nothing to do. */
const MAX_GROWTH_MB = 400
const LONG_MS = isFull ? 1_200_000 : 100_000
const LOOK_EVERY_MS = 64
/** How long the idle hub is measured. */
const IDLE_MS = 20_000

const noProc = existsSync('/proc/self/status') ? false : 'reads /proc'
const arena = await Arena.enter(t)

/** Processor time that a process has used, ms. */
function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function countOf(folder: string): number {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')).length : 0
}

t.test(`${FILES} requests of one agent at once`, { skip: noProc }, async (t) => {
  const evil = arena.agent('flooding')
  const text = evil.envelope('GET', '/v1/hub-info')
  // All of them appear in one instant.
  const prepared = join(arena.spool, 'prepared')
  mkdirSync(prepared)
  for (let i = 0; i < FILES; i++) writeFileSync(join(prepared, `f-${String(i).padStart(6, '0')}.json`), text)
  const responses = join(arena.spool, 'responses', 'flood')
  const archived = join(arena.spool, 'archive', new Date().toISOString().slice(0, 10), 'responses', 'flood')
  const startedAt = performance.now()
  const growthMb = await arena.growthDuring(async () => {
    renameSync(prepared, join(arena.spool, 'requests', 'flood'))
    const isDone = async () => {
      await pause(LOOK_EVERY_MS)
      return existsSync(responses) && countOf(responses) + countOf(archived) >= FILES
    }
    await until(`${FILES} answers`, isDone, LONG_MS)
  })
  const seconds = (performance.now() - startedAt) / 1_000
  t.comment(`${Math.round(FILES / seconds)} answers a second, ${growthMb} MB more`)
  t.ok(growthMb < MAX_GROWTH_MB, `${growthMb} MB more memory at most`)
  await arena.unharmed(t)
})

t.test(`${UNDELIVERABLE} requests whose answers can't be delivered`, { skip: noProc }, async (t) => {
  const evil = arena.agent('undelivered')
  symlinkSync(arena.outside, evil.responses)
  const stems: string[] = []
  const growthMb = await arena.growthDuring(async () => {
    for (let i = 0; i < UNDELIVERABLE; i++) stems.push(evil.say(`undelivered ${i}`))
    await arena.logs(/responses\/undelivered can't be written/)
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
  await arena.unharmed(t)
})

t.test(`${ODD_NAMES} bad files and folders don't fill the log`, async (t) => {
  const evil = arena.agent('odd')
  for (let i = 0; i < ODD_NAMES; i++) {
    writeFileSync(join(arena.spool, 'requests', `not a queue ${i}`), '')
    symlinkSync(arena.outside, join(arena.spool, 'requests', `link-${i}`))
    symlinkSync(arena.secret, join(evil.requests, `bad-${String(i).padStart(6, '0')}.json`))
  }
  const last = `bad-${String(ODD_NAMES - 1).padStart(6, '0')}`
  t.equal((await evil.response(last, LONG_MS)).status, 400)
  t.comment(`${arena.hub.log.length} lines in the log`)
  await arena.unharmed(t)
})

t.test(`${FOLDERS} empty agent folders`, { skip: noProc }, async (t) => {
  for (let i = 0; i < FOLDERS; i++) mkdirSync(join(arena.spool, 'requests', `agent-${i}`))
  await arena.agent('late').ask('GET', '/v1/hub-info')
  const last = arena.agent(`agent-${FOLDERS - 1}`)
  t.equal((await last.ask('GET', '/v1/hub-info')).status, 200, 'the last of them is served')
  await arena.leave(t)
  if (!isFull) return
  // Now nobody asks for anything: what does it cost to look again and again?
  const usedMs = processorMs(arena.hub.pid)
  await pause(IDLE_MS)
  const share = (processorMs(arena.hub.pid) - usedMs) / IDLE_MS
  t.comment(`idle with ${FOLDERS} folders: ${(share * 100).toFixed(1)} % of a processor`)
})
