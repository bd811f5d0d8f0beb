// Of any number of agents that acquire a claim or a lock at the same instant exactly one gets it (PROTOCOL §6), and
// all others are told who.

import t from 'tap'
import type { Claim, Lock } from '../../src/protocol/objects.js'
import { Calls } from '../support/calls.js'
import { Random, rounds } from '../support/campaign.js'
import { startTestHub } from '../support/hub.js'

const AGENTS = 50
const ROUNDS = rounds(20, 200)

t.test('of 50 agents that acquire one claim at once exactly one gets it', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const hub = await startTestHub(t)
  const calls = new Calls(t, hub.url)
  const winners = new Set<string>()
  const wrong: string[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    const claim_key = `claim-${round}`
    const agents = shuffled(random, AGENTS).map((i) => `agent-${i}`)
    const replies = await Promise.all(
      agents.map((owner_agent_id) => calls.post<Claim>('/v1/claims', { owner_agent_id, claim_key })),
    )
    const acquired = replies.filter(({ envelope }) => envelope.acquired === true)
    const holders = new Set(replies.map(({ envelope }) => envelope.result?.owner_agent_id))
    const statuses = replies.map(({ status }) => status).sort()
    const asItShould = statuses.at(-1) === 201 && statuses.slice(0, -1).every((status) => status === 200)
    const winner = acquired[0]?.envelope.result?.owner_agent_id
    if (acquired.length !== 1 || holders.size !== 1 || !asItShould) wrong.push(`${claim_key}: ${statuses}`)
    if (winner !== undefined) winners.add(winner)
  }
  t.strictSame(wrong, [], 'one 201 with `acquired`, all others 200 with its row')
  t.comment(`${ROUNDS} claims went to ${winners.size} different agents`)
})

t.test('a claim that its holder releases while others grab at it never has two holders', async (t) => {
  const random = new Random()
  t.comment(`seed ${random.seed}`)
  const hub = await startTestHub(t)
  const calls = new Calls(t, hub.url)
  const file_path = 'src/contended.ts'
  let holders = 0
  let turns = 0
  const wrong: string[] = []
  const grab = async (agent_id: string) => {
    while (turns < ROUNDS) {
      const { envelope } = await calls.post<Lock>('/v1/locks', { agent_id, file_path })
      if (envelope.acquired !== true) continue
      // Between here and the release this agent is the only one that may hold it.
      if (++holders !== 1) wrong.push(`${agent_id} has it as well`)
      turns++
      if (random.next() < 0.5) await calls.post('/v1/locks/refresh', { agent_id, file_path })
      holders--
      const { status } = await calls.post('/v1/locks/release', { agent_id, file_path })
      if (status !== 200) wrong.push(`${agent_id} could not release it: ${status}`)
    }
  }
  await Promise.all(Array.from({ length: AGENTS }, (_, i) => grab(`agent-${i}`)))
  t.strictSame(wrong, [])
  t.ok(turns >= ROUNDS)
})

/** The numbers below `count` in random order. */
function shuffled(random: Random, count: number): number[] {
  const places = Array.from({ length: count }, (_, i) => ({ i, place: random.next() }))
  return places.sort((a, b) => a.place - b.place).map(({ i }) => i)
}
