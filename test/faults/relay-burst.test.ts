// Bursts and long runs: however many request files come at once, each is executed and answered once; and after many
// the hub is as quick, as large, and its folders as full as after a few.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Calls } from '../support/calls.js'
import { isFull, rounds } from '../support/campaign.js'
import { FileAgent, postedIn, stemOf } from '../support/file-agent.js'
import { ownFolder } from '../support/folder.js'
import { Ledger } from '../support/ledger.js'
import { startHubProcess } from '../support/processes.js'
import { until } from '../support/waiting.js'

const BURST = rounds(1_000, 20_000)
const LONG_RUN = rounds(2_000, 50_000)
const LOT = 1_000
const DEADLINE_MS = 300_000

async function serving(t: Test) {
  const folder = ownFolder(t)
  const spool = join(folder, 'spool')
  const storage = join(folder, 'arc.sqlite3')
  const args = ['--storage', storage, '--port', '0', '--spool-dir', spool, '--log-level', 'warn']
  const hub = await startHubProcess(t, args)
  return { hub, spool, calls: new Calls(t, hub.url) }
}

for (const agents of [1, 8]) {
  t.test(`a burst of request files by ${agents} at once`, async (t) => {
    const { spool, calls } = await serving(t)
    const ledger = new Ledger()
    const all = Array.from({ length: agents }, (_, i) => new FileAgent(spool, `agent-${i}`))
    const stems = Array.from({ length: BURST / agents }, (_, i) => stemOf(i))
    const startedAt = performance.now()
    for (const stem of stems) for (const agent of all) agent.post(stem, ledger.newBody())
    const writtenMs = performance.now() - startedAt
    for (const agent of all) {
      for (const response of await agent.responsesTo(stems, DEADLINE_MS))
        ledger.acknowledge(postedIn(response))
    }
    const tookMs = performance.now() - startedAt
    t.equal(ledger.acknowledged, BURST, 'each was answered')
    for (const agent of all) {
      t.equal(agent.allFiles('responses').length, stems.length, `${agent.agentId} has one response for each`)
    }
    ledger.verify(t, await calls.everythingIn('general'))
    const perSec = Math.round(BURST / (tookMs / 1_000))
    t.comment(
      `${BURST} written in ${Math.round(writtenMs)} ms, answered in ${Math.round(tookMs)}: ${perSec}/s`,
    )
  })
}

t.test('after many requests the hub is as quick and as large as after a few', async (t) => {
  const { hub, spool } = await serving(t)
  const agent = new FileAgent(spool, 'agent')
  let sent = 0
  const lot = async () => {
    const stems = Array.from({ length: LOT }, () => stemOf(sent++))
    const startedAt = performance.now()
    for (const stem of stems) agent.post(stem, stem)
    await agent.responsesTo(stems, DEADLINE_MS)
    return performance.now() - startedAt
  }
  const measure = async () => {
    const tookMs = await lot()
    const files = (['requests', 'responses'] as const).map((kind) => agent.hotFiles(kind).length)
    t.comment(`after ${sent}: ${LOT} took ${Math.round(tookMs)} ms, ${rssMb(hub.pid)} MB, hot files ${files}`)
    return { tookMs, mb: rssMb(hub.pid), files }
  }
  await lot() // what is compiled and cached by now stays so
  const first = await measure()
  const fifths: { readonly mb: number }[] = []
  while (sent < LONG_RUN) {
    await lot()
    if (sent % (LONG_RUN / 5) === 0) fifths.push(await measure())
  }
  const last = await measure()
  t.ok(!isFull || last.tookMs <= 1.5 * first.tookMs, 'at full size: no slower')
  t.ok(
    !isFull || last.mb <= 1.15 * (fifths[0]?.mb ?? 0),
    'at full size: level with what it was after a fifth',
  )
  await until('what is settled to be archived', () => agent.hotFiles('requests').length < LOT)
})

/** Resident memory of a process. */
function rssMb(pid: number): number {
  return Math.round(Number(execFileSync('ps', ['-o', 'rss=', '-p', `${pid}`], { encoding: 'utf8' })) / 1_024)
}
