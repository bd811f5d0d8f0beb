// Two hubs, in two processes, on one storage and one spool: they share the work, each request is executed once, and
// one takes over what the other leaves behind when it dies.

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Calls } from '../support/calls.js'
import { isFull, Random, rounds } from '../support/campaign.js'
import { FileAgent, FilePoster, postedIn, stemOf } from '../support/file-agent.js'
import { ownFolder } from '../support/folder.js'
import { Ledger } from '../support/ledger.js'
import { type HubInProcess, startHubProcess } from '../support/processes.js'
import { until } from '../support/waiting.js'
import { lockForWriting } from './relay-kill-points.suite.js'

const AGENTS = 8
const IN_FLIGHT = 25
const POSTS = rounds(500, 20_000)
const KILLS = rounds(2, 50)
const TAKEN_OVER_WITHIN_MS = 5_000

function hubOn(t: Test, folder: string): Promise<HubInProcess> {
  const args = ['--storage', join(folder, 'arc.sqlite3'), '--port', '0', '--log-level', 'warn']
  return startHubProcess(t, [...args, '--spool-dir', join(folder, 'spool')])
}

function startPosters(t: Test, folder: string, ledger: Ledger) {
  const agents = Array.from({ length: AGENTS }, (_, i) => new FileAgent(join(folder, 'spool'), `agent-${i}`))
  const posters = agents.map((agent) => new FilePoster(t, agent, ledger, IN_FLIGHT))
  const all = Promise.all(posters.map(({ run }) => run))
  all.catch((error) => t.fail(`a post has failed: ${error}`))
  return {
    /** Or goes on. */
    pause: (paused: boolean) => {
      for (const poster of posters) poster.paused = paused
    },
    reach: (goal: number) => until(`${goal} answers`, () => ledger.acknowledged >= goal, 90_000),
    /** Ends them, and asserts that each request has had one answer. */
    finish: async () => {
      for (const poster of posters) poster.stop()
      await all
      for (const { agent, sent } of posters) {
        t.equal(agent.allFiles('responses').length, sent, `${agent.agentId}: one answer for each request`)
        // A file that moves into the archive between the two looks counts twice.
        await until('one file of each request', () => agent.allFiles('requests').length === sent)
      }
    },
  }
}

t.test('two hubs on one storage execute each request of their spool once', async (t) => {
  const folder = ownFolder(t)
  const hub = await hubOn(t, folder)
  const other = await hubOn(t, folder)
  const ledger = new Ledger()
  const posters = startPosters(t, folder, ledger)
  await posters.reach(POSTS)
  await posters.finish()
  ledger.verify(t, await new Calls(t, hub.url).everythingIn('general'))
  t.comment(ledger.summary)
  for (const { end } of [hub, other]) t.match(await end('SIGTERM'), { code: 0 })
})

t.test('requests of a hub that is killed over and over are executed once', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const folder = ownFolder(t)
  const survivor = await hubOn(t, folder)
  const ledger = new Ledger()
  const posters = startPosters(t, folder, ledger)
  for (let kill = 1; kill <= KILLS; kill++) {
    posters.pause(true) // a start takes long beside posters that take all there is of the processor
    const mortal = await hubOn(t, folder)
    posters.pause(false)
    await posters.reach(ledger.acknowledged + random.between(1, 400))
    await mortal.end('SIGKILL')
  }
  const killedAt = performance.now()
  await posters.finish()
  t.comment(`after the last kill all was answered in ${Math.round(performance.now() - killedAt)} ms`)
  ledger.verify(t, await new Calls(t, survivor.url).everythingIn('general'))
  t.comment(`${KILLS} kills, ${ledger.summary}`)
})

t.test('a hub takes over what the other had taken when it died', async (t) => {
  const folder = ownFolder(t)
  const survivor = await hubOn(t, folder)
  const mortal = await hubOn(t, folder)
  const agents = Array.from({ length: AGENTS }, (_, i) => new FileAgent(join(folder, 'spool'), `agent-${i}`))
  // Few, since a hub waits no longer than 5 s for a lock.
  const stems = Array.from({ length: 5 }, (_, i) => stemOf(i))
  const unlock = lockForWriting(t, join(folder, 'arc.sqlite3'))
  // Bit by bit, so that both get their share.
  for (const stem of stems) {
    for (const agent of agents) agent.post(stem, stem)
    await Promise.all(agents.map((agent) => agent.claimed(stem)))
  }
  await mortal.end('SIGKILL')
  const killedAt = performance.now()
  unlock()
  const answered: number[] = []
  for (const agent of agents) {
    for (const response of await agent.responsesTo(stems, 150_000)) answered.push(postedIn(response).id)
  }
  const tookMs = performance.now() - killedAt
  const stored = await new Calls(t, survivor.url).everythingIn('general')
  t.strictSame(
    stored.map(({ id }) => id),
    answered.sort((a, b) => a - b),
    'each executed once, and answered',
  )
  t.equal(stored.length, AGENTS * stems.length)
  t.comment(`all was answered ${Math.round(tookMs)} ms after the kill`)
  t.ok(tookMs < (isFull ? 1 : 6) * TAKEN_OVER_WITHIN_MS, 'soon')
})
