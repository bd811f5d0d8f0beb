// More than a hub can take: it says so at once where it must refuse, answers everybody else meanwhile, loses nothing
// that it has acknowledged, and is itself again as soon as it is over.

import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { HubStatus } from '../../src/protocol/objects.js'
import { Calls, resultOf } from '../support/calls.js'
import { isFull, rounds } from '../support/campaign.js'
import { type FloodReport, floodBody } from '../support/flood.js'
import { ownFolder } from '../support/folder.js'
import { reportOf, startHubProcess, startScript } from '../support/processes.js'
import { percentile } from '../support/waiting.js'

const FLOOD = new URL('../support/flood.js', import.meta.url)
const SECONDS = rounds(3, 30)
/** Clients, none of which sends before it has its answer: few of them can't overload a hub. */
const FEW = 64
const MANY = rounds(2_000, 6_000)
const UNLIMITED = 1_000_000
/** At full size: an answer to somebody else, and the time after which a post is answered as if nothing had been. */
const RESPONSIVE_MS = 1_000
const RECOVERED_MS = 1_000

async function flood(
  t: Test,
  ...args: [port: number, clients: number, perSecond: number, seconds: number]
): Promise<FloodReport> {
  return reportOf<FloodReport>(startScript(t, FLOOD, args.map(String)))
}

t.test(`twice as many posts as the hub can take, for ${SECONDS} s`, async (t) => {
  const storage = join(ownFolder(t), 'arc.sqlite3')
  const hub = await startHubProcess(t, [
    '--storage',
    storage,
    '--port',
    '0',
    '--no-relay',
    '--log-level',
    'warn',
  ])
  const port = Number(new URL(hub.url).port)
  const calls = new Calls(t, hub.url, 4)
  const tookMs: number[] = []
  let goesOn = true
  const bystander = async () => {
    while (goesOn) {
      const startedAt = performance.now()
      resultOf(await calls.get('/v1/hub-info'))
      tookMs.push(performance.now() - startedAt)
      await pause(20)
    }
  }
  const warmUp = await flood(t, port, FEW, UNLIMITED, 1)
  const probe = await flood(t, port, FEW, UNLIMITED, 2)
  const capacity = Math.round(probe.acknowledged.length / 2)
  const before = resultOf(await calls.get<HubStatus>('/v1/status'))

  const watching = bystander()
  const report = await flood(t, port, MANY, 2 * capacity, SECONDS)
  const recovering = performance.now()
  await calls.say({ body: 'afterwards' })
  const recoveredMs = performance.now() - recovering
  goesOn = false
  await watching

  t.comment(
    `it can take ${capacity}/s; ${report.offered} were offered; of ${report.sent} posts ${report.acknowledged.length} were acknowledged and ${report.refused.length} refused; the last answer ${Math.round(report.backlogMs)} ms after the last post, a post then took ${Math.round(recoveredMs)} ms`,
  )
  const p99 = percentile(
    tookMs.sort((a, b) => a - b),
    0.99,
  )
  t.comment(
    `meanwhile ${tookMs.length} GETs: p99 ${Math.round(p99)} ms, longest ${Math.round(tookMs.at(-1) ?? 0)} ms`,
  )
  t.equal(report.withoutRetryAfter + probe.withoutRetryAfter, 0, 'each refusal says when to try again')
  t.strictSame([...report.otherStatuses, ...probe.otherStatuses], [], 'and there is no other answer')
  const after = resultOf(await calls.get<HubStatus>('/v1/status'))
  t.same([after.pid, after.started_at], [before.pid, before.started_at], 'the hub is the same')
  t.strictSame(
    hub.log.filter((line) => /"level":"(error|fatal)"|ended:/.test(line)),
    [],
    'no actor has ended',
  )
  if (isFull) {
    t.ok(report.refused.length > 0, 'some were refused')
    t.ok(p99 < RESPONSIVE_MS, 'others were answered meanwhile')
    t.ok(report.backlogMs + recoveredMs < RECOVERED_MS, 'and it recovered at once')
  }
  t.equal(report.acknowledged.length + report.refused.length, report.sent, 'each was answered')
  const stored = new Map((await calls.everythingIn('general')).map(({ id, body }) => [id, body]))
  const wrong = [...probe.acknowledged, ...report.acknowledged].filter(
    ([number, id]) => stored.get(id) !== floodBody(number),
  )
  t.strictSame(wrong, [], 'what was acknowledged is stored, under the id that was told')
  t.equal(
    stored.size,
    warmUp.acknowledged.length + probe.acknowledged.length + report.acknowledged.length + 1,
    'and nothing else: what was refused did not happen',
  )
})
