// `arc wake-test`: sends an agent a message, and follows its receipt until its model has been shown it.

import type { Receipt } from '../../protocol/objects.js'
import type { ArcClient } from '../../sdk/client.js'
import { agentArguments, signIn } from '../agent-arguments.js'
import { seconds } from '../arguments.js'
import { command } from '../command.js'
import { ExitStatus, LATE_STATUS, say, showFacts } from '../output.js'
import { type Reach, reachOf } from '../reach.js'

const DEFAULT_SEC = 60
const LOOK_MS = 100

/**
 * `confirmed`: it was shown. `sent`: somebody reads it, and has not said `shown`. `deferred`: it waits for the agent's next turn.
 * `unavailable`: nothing could hand it over. `failed`: something waited for it, and did not act.
 */
type Outcome = 'confirmed' | 'sent' | 'deferred' | 'unavailable' | 'failed'

export default command({
  args: {
    ...agentArguments,
    timeout: {
      type: 'string',
      description: `Seconds to wait at most (default ${DEFAULT_SEC})`,
      valueHint: 'sec',
    },
    who: { type: 'positional', required: true, description: 'The agent to reach' },
  },
  examples: [
    ['arc wake-test --agent me bob', 'does a message reach bob now, and how?'],
    ['arc wake-test --agent me --timeout 5 bob', `ends with ${LATE_STATUS} if it did not in 5 s`],
  ],
  async run(given) {
    const { who } = given
    const timeoutMs = (seconds(given.timeout, 'timeout') ?? DEFAULT_SEC) * 1_000
    const client = await signIn(given)
    const before = await reach(client, who)
    const body = 'A test whether a message wakes you. Nothing is to be done, and no answer is needed.'
    const { id } = await client.dm(who, body, { metadata: { wake_test: true } })
    const receipt = await shownOrLast(client, id, timeoutMs)
    const outcome = outcomeOf(receipt, before)
    const isShown = outcome === 'confirmed'
    const tookMs = receipt?.shown_at
      ? Date.parse(receipt.shown_at) - Date.parse(receipt.queued_at)
      : undefined
    await showFacts(given, {
      agent_id: who,
      outcome,
      before,
      message_id: id,
      ...(tookMs !== undefined && { shown_after_ms: tookMs, via: receipt?.via ?? 'acknowledged' }),
      ...(!isShown && { reason: receipt?.reason }),
    })
    if (isShown) return
    say(
      `arc: message ${id} stays in the mailbox of ${who}; arc receipts --agent ${client.agentId} ${id} follows it`,
    )
    throw new ExitStatus(LATE_STATUS)
  },
})

async function reach(client: ArcClient, who: string): Promise<Reach | 'away'> {
  const [sessions, { waiting_agents: waiting }] = await Promise.all([client.listAgents(), client.status()])
  const session = sessions.find(({ agent_id }) => agent_id === who)
  return session ? reachOf(session, new Set(waiting)) : 'away'
}

/** The receipt once the message is shown, or nobody of that name has ever signed in; else the last one before the time is over. */
async function shownOrLast(client: ArcClient, id: number, timeoutMs: number): Promise<Receipt | undefined> {
  for (const deadline = performance.now() + timeoutMs; ; ) {
    const [receipt] = await client.receipts(id)
    const isShown = receipt?.state === 'shown' || receipt?.state === 'acknowledged'
    if (isShown || receipt?.reason === 'unknown_agent' || performance.now() >= deadline) return receipt
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

function outcomeOf(receipt: Receipt | undefined, before: Reach | 'away'): Outcome {
  if (receipt?.state === 'shown' || receipt?.state === 'acknowledged') return 'confirmed'
  if (receipt?.state === 'offered') return 'sent'
  if (before === 'wakeable') return 'failed'
  return before === 'at its next turn' ? 'deferred' : 'unavailable'
}
