// MCP servers are killed by SIGKILL at random moments of a call of `arc_inbox`. No message is lost. None is marked as shown whose
// answer did not reach the program whole.

import t from 'tap'
import { ArcClient } from '../../src/sdk/index.js'
import { RawServer } from '../mcp/mcp-process.js'
import { Random, rounds } from '../support/campaign.js'
import { startTestHub } from '../support/hub.js'
import { until } from '../support/waiting.js'

const ROUNDS = rounds(10, 500)
/** From the call to its answer and the receipt of it; a busy machine stretches it. */
const CALL_MS = { min: 0, max: 120 }

t.test(
  `${ROUNDS} servers are killed: nothing is lost, and nothing is shown that was not answered`,
  async (t) => {
    const random = new Random()
    t.comment(`seed ${random.seed}`)
    const hub = await startTestHub(t)
    const alice = await ArcClient.quickstart('alice', { baseUrl: hub.url })
    t.teardown(() => alice.close())
    const handed = new Set<string>()
    const posted = new Map<number, string>()
    /** A server with an agent that is signed in. */
    const signedIn = async () => {
      const server = new RawServer(t, { args: ['--base-url', hub.url, '--agent', 'bob'] })
      server.initialize('2025-06-18')
      server.call(1, 'arc_who')
      await until('the agent', () => server.answer(1))
      return server
    }
    const take = (server: RawServer) => {
      const text = server.answer(2)?.result?.content?.[0]?.text ?? ''
      for (const [, body] of text.matchAll(/^\| (m[0-9]+)\.$/gm)) handed.add(body as string)
    }
    let unanswered = 0
    for (let round = 0; round < ROUNDS; round++) {
      const server = await signedIn()
      posted.set((await alice.dm('bob', `m${round}.`)).id, `m${round}`)
      server.call(2, 'arc_inbox', { limit: 20 })
      setTimeout(() => server.child.kill('SIGKILL'), random.between(CALL_MS.min, CALL_MS.max))
      await server.closed
      if (!server.answer(2)) unanswered++
      take(server)
      for (const [id, body] of [...posted].slice(-20)) {
        const [receipt] = await alice.receipts(id)
        if (receipt?.state === 'shown' && !handed.has(body)) t.fail(`${body} is shown, and was not answered`)
      }
    }
    const server = await signedIn()
    await until(
      'the rest to be shown',
      async () => {
        server.lines.length = 0
        server.call(2, 'arc_inbox', { limit: 20 })
        await until('an answer', () => server.answer(2))
        take(server)
        return (await alice.undelivered()).length === 0
      },
      90_000,
    )
    for (const body of posted.values()) if (!handed.has(body)) t.fail(`${body} was lost`)
    t.pass(`${unanswered} of ${ROUNDS} servers were killed before their answer`)
  },
)
