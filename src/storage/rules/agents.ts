// One agent whole (PROTOCOL §17): its session, its mailbox, and what it works on.

import { notFound } from '../../protocol/errors.js'
import { parseExact } from '../../protocol/json.js'
import { done } from '../outcome.js'
import { presentSession, toSession } from './agent-rows.js'
import { didYouMean, knownAgentsNear } from './known-agents.js'
import { heldBy } from './lease-rows.js'
import { describeMailbox } from './mailboxes.js'
import { messageJson } from './message-json.js'
import { latestId } from './message-log.js'
import { scopesOf } from './scopes.js'
import { slotsOf } from './slots.js'
import { all, one } from './sql.js'
import type { QueryRules } from './tables.js'
import { toTask } from './task-rows.js'
import { waitsOf } from './waits.js'
import { nowOf } from './work.js'

/** The agent's newest message is looked for among so many of the hub's newest. */
const NEWEST = 10_000
const MOST_TASKS = 100

export const agentQueries = {
  *'agents.get'({ agent_id: agentId }, work) {
    const mailbox = yield* describeMailbox(agentId, work)
    if (!mailbox.known) {
      throw notFound(`agent "${agentId}" has never signed in${didYouMean(yield* knownAgentsNear(agentId))}`)
    }
    const session = yield* presentSession(agentId, work)
    const sinceId = (yield* latestId()) - NEWEST
    const last = yield* one('message.lastOf', { agentId, sinceId })
    return done({
      agent_id: agentId,
      session: session ? toSession(session) : null,
      mailbox,
      ...(yield* heldBy(agentId, work)),
      scopes: yield* scopesOf(agentId, work),
      slots: yield* slotsOf(agentId, work),
      waits_for: yield* waitsOf(agentId, work),
      tasks: (yield* all('task.ofAgent', { agentId, now: nowOf(work), limit: MOST_TASKS })).map(toTask),
      last_message: last ? parseExact(messageJson(last)) : null,
    })
  },
} satisfies Partial<QueryRules>
