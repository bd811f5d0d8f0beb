// Releases the leases of sessions that expired, or whose process ended (PROTOCOL §3, §17): each active claim,
// lock, scope and slot, with a notice in its thread. It ends no session with a sign of life, since another hub may serve that one.
//
// Rows are named by reference and not by key: another implementation may have stored a key that reads as another one, and
// one row must not stop the recovery of the others.

import type { Claim, Lock } from '../../protocol/objects.js'
import { type Release, tellClaim, tellLock, tellScope, tellSlot } from './lease-notices.js'
import { releaseHeld } from './lease-rows.js'
import { releaseScopes } from './scopes.js'
import { releaseSlots } from './slots.js'
import { all, type Rule, run } from './sql.js'
import type { RowRef } from './statements.js'
import { unseen, type Work } from './work.js'

/** Ends every session without a sign of life for its presence TTL, in the current transaction. */
export function* expireSessions(work: Work): Rule<void> {
  for (const { ref, agent_id: agentId } of yield* all('session.expired', unseen(work))) {
    yield* endSession(ref, agentId, work)
  }
}

/** Ends the session of an agent that is gone. */
export function* endSession(ref: RowRef, agentId: string, work: Work): Rule<void> {
  yield* run('session.end', { ref })
  const release = releaseFor(agentId)
  yield* releaseHeld<Claim>('claim', ref, work, (claim) => tellClaim(release, claim, work))
  yield* releaseHeld<Lock>('lock', ref, work, (lock) => tellLock(release, lock, work))
  yield* releaseScopes(agentId, work, (scope) => tellScope(release, scope, work))
  yield* releaseSlots(agentId, work, (slot) => tellSlot(release, slot, work))
}

function releaseFor(agentId: string): Release {
  return {
    holder: agentId,
    told: (lease) => `${agentId} is gone; its ${lease} was released and may be taken.`,
    toldHolder: (lease) => `You were gone, so your ${lease} was released; another agent may hold it now.`,
    metadata: { recovery: true, stale_agent_id: agentId },
  }
}
