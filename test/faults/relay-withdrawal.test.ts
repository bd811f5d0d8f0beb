// Clients that give up at the very moment at which the hub takes their requests. Whoever is told "not executed"
// has had no effect, then or later; who is told that the outcome is unknown may have had one.

import { join } from 'node:path'
import t from 'tap'
import { ArcClient, ArcError } from '../../src/sdk/index.js'
import { Calls } from '../support/calls.js'
import { Random, rounds } from '../support/campaign.js'
import { FileAgent } from '../support/file-agent.js'
import { ownFolder } from '../support/folder.js'
import { startTestHub } from '../support/hub.js'
import { Ledger } from '../support/ledger.js'
import { until } from '../support/waiting.js'

const RACES = rounds(100, 1_000)
const LANES = 5

t.test('"not executed" is said exactly of what never happens', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const folder = ownFolder(t)
  const storagePath = join(folder, 'arc.sqlite3')
  const spoolDir = join(folder, 'spool')
  const hub = await startTestHub(t, { storagePath, spoolDir })
  const ledger = new Ledger()
  const wrongWords: string[] = []
  const counts = { answered: 0, withdrawn: 0, unknown: 0 }

  /** How often the hub was faster is luck: on a quick machine it takes more races until each has happened often enough. */
  const tooFew = () => counts.withdrawn < RACES / 10 || counts.unknown < RACES / 20

  /** Waits as long as the hub takes to claim, as far as the races before have shown that. */
  const lane = async (agentId: string) => {
    let waitMs = 10
    for (let race = 0; race < RACES / LANES || (tooFew() && race < (10 * RACES) / LANES); race++) {
      const timeout = (waitMs * (0.5 + random.next())) / 1_000
      const client = ArcClient.overRelay(agentId, { spoolDir, timeout, retryFor: 0, pollIntervalSec: 0.001 })
      const body = ledger.newBody()
      try {
        ledger.acknowledge(await client.post(body))
        counts.answered++
        waitMs *= 0.8
      } catch (error) {
        if (!(error instanceof ArcError)) throw error
        if (error.code === 'not_executed') {
          if (!/not executed/.test(error.message)) wrongWords.push(error.message)
          ledger.refuse(body)
          counts.withdrawn++
          waitMs *= 1.3
        } else {
          if (error.code !== 'timeout' || !/outcome unknown/.test(error.message)) wrongWords.push(`${error}`)
          ledger.doubt(body)
          counts.unknown++
          waitMs *= 0.8
        }
      } finally {
        await client.close()
      }
    }
  }
  const agents = Array.from({ length: LANES }, (_, i) => new FileAgent(spoolDir, `agent-${i}`))
  await Promise.all(agents.map(({ agentId }) => lane(agentId)))
  t.comment(`of ${RACES} races or more ${JSON.stringify(counts)}`)
  t.strictSame(wrongWords, [], 'each error says what became of the request')
  t.notOk(tooFew(), 'many were withdrawn in time, and many were not')

  const settled = () => agents.every((agent) => stemsOf(agent, '.work').every((stem) => agent.response(stem)))
  await until('everything that was taken to be answered', settled)
  const calls = new Calls(t, hub.url)
  const stored = await calls.everythingIn('general')
  ledger.verify(t, stored)
  await hub.stop()
  const next = await startTestHub(t, { storagePath, spoolDir })
  const last = new FileAgent(spoolDir, 'agent-0')
  last.poll('zzz', 0, 0)
  await last.responseTo('zzz')
  t.strictSame(
    await new Calls(t, next.url).everythingIn('general'),
    stored,
    'nor does the next hub do any of it',
  )
  const names = agents.flatMap((agent) => stemsOf(agent, '.cancelled'))
  t.equal(names.length, counts.withdrawn, 'each that was withdrawn is still there as such')
})

function stemsOf(agent: FileAgent, ending: string): string[] {
  const names = agent.allFiles('requests').filter((name) => name.endsWith(ending))
  return names.map((name) => name.slice(0, -ending.length))
}
