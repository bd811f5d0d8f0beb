// The order of request files: those of one agent start in the order of their names, and no agent waits for
// another's backlog.

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Random, rounds } from '../support/campaign.js'
import { FileAgent, postedIn, stemOf } from '../support/file-agent.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { percentile } from '../support/waiting.js'

const AGENTS = 8
const PIPELINED = rounds(100, 1_000)
const BACKLOG = 5_000
const LONE_REQUESTS = 5

t.test('requests of each agent start in the order of their names', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const { spool } = await serving(t)
  const agents = Array.from({ length: AGENTS }, (_, i) => new FileAgent(spool, `agent-${i}`))
  const stems = Array.from({ length: PIPELINED }, (_, i) => stemOf(i))
  const sent = new Map(agents.map((agent) => [agent, 0]))
  const startedAt = performance.now()
  // By turns at random, so that folders fill while the hub empties them.
  const open = [...agents]
  while (open.length > 0) {
    const agent = open[random.between(0, open.length - 1)] as FileAgent
    const next = sent.get(agent) ?? 0
    for (const stem of stems.slice(next, next + random.between(1, 40))) {
      agent.post(stem, stem)
      sent.set(agent, (sent.get(agent) ?? 0) + 1)
    }
    if (sent.get(agent) === PIPELINED) open.splice(open.indexOf(agent), 1)
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (const agent of agents) {
    const ids = (await agent.responsesTo(stems)).map((response) => postedIn(response).id)
    const descents = ids.filter((id, i) => i > 0 && id <= (ids[i - 1] as number))
    t.strictSame(descents, [], `the messages of ${agent.agentId} have ascending ids`)
  }
  t.comment(`${AGENTS} × ${PIPELINED} requests took ${Math.round(performance.now() - startedAt)} ms`)
})

t.test("an agent does not wait for another's backlog", async (t) => {
  const { spool } = await serving(t)
  const busy = new FileAgent(spool, 'busy')
  const lone = new FileAgent(spool, 'lone')
  lone.post('warm-up', 'is there a hub?')
  await lone.responseTo('warm-up')
  const stems = Array.from({ length: BACKLOG }, (_, i) => stemOf(i))
  const last = stems.at(-1) as string
  const startedAt = performance.now()
  // In small parts, so that lone requests come in between however fast the hub is.
  const posted = (async () => {
    for (const [i, stem] of stems.entries()) {
      busy.post(stem, stem)
      if (i % 50 === 49) await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  const latencies: number[] = []
  while (!busy.response(last)) {
    const askedAt = performance.now()
    const stem = `lone-${stemOf(latencies.length)}`
    lone.post(stem, stem)
    await lone.responseTo(stem)
    latencies.push(performance.now() - askedAt)
  }
  await posted
  await busy.responsesTo(stems)
  const backlogMs = performance.now() - startedAt
  const [p50, max] = [percentile(latencies, 0.5), Math.max(...latencies)]
  t.comment(
    `a backlog of ${BACKLOG} took ${Math.round(backlogMs)} ms; beside it ${latencies.length} lone requests took ` +
      `p50 ${p50.toFixed(1)} ms, at most ${max.toFixed(1)} ms`,
  )
  t.ok(latencies.length >= LONE_REQUESTS, 'several were answered meanwhile')
  t.ok(p50 < backlogMs / 10, 'each in a small part of the time')
})

async function serving(t: Test): Promise<{ spool: string }> {
  const folder = ownFolder(t)
  const spool = join(folder, 'spool')
  await startTestHub(t, { storagePath: join(folder, 'arc.sqlite3'), spoolDir: spool })
  return { spool }
}
