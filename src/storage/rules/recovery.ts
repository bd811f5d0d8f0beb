// Releases the leases of sessions that expired, or whose process ended (PROTOCOL §3, §17): each active claim and lock, with a notice in its thread. It ends
// no session with a sign of life, since another hub may serve that one.
//
// Rows are named by reference and not by key: another implementation may have stored a key that reads as another one, and
// one row must not stop the recovery of the others.

import type { Claim, Lock } from '../../protocol/objects.js'
import { releaseHeld, threadOfLock } from './leases.js'
import { notice } from './message-log.js'
import { all, type Rule, run } from './sql.js'
import type { RowRef } from './statements.js'
import { channelOf } from './threads.js'
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
  yield* releaseHeld<Claim>('claim', ref, work, (claim) => tellClaim(agentId, claim, work))
  yield* releaseHeld<Lock>('lock', ref, work, (lock) => tellLock(agentId, lock, work))
}

function* tellClaim(agentId: string, claim: Claim, work: Work): Rule<void> {
  const told = {
    body: `${agentId} is gone; its claim "${claim.claim_key}" was released and may be taken.`,
    channel: claim.thread_id === null ? null : yield* channelOf(claim.thread_id, work),
    threadId: claim.thread_id,
    replyTo: claim.task_message_id,
    metadata: {
      recovery: true,
      stale_agent_id: agentId,
      claim_key: claim.claim_key,
      task_message_id: claim.task_message_id,
    },
  }
  yield* notice(told, work)
  yield* tellHolder(agentId, `your claim "${claim.claim_key}"`, told.metadata, work)
}

function* tellLock(agentId: string, lock: Lock, work: Work): Rule<void> {
  const { channel } = lock.metadata
  const threadId = threadOfLock(lock)
  const told = {
    body: `${agentId} is gone; its lock on "${lock.file_path}" was released and may be taken.`,
    channel:
      threadId !== undefined
        ? yield* channelOf(threadId, work)
        : typeof channel === 'string'
          ? channel
          : null,
    threadId: threadId ?? null,
    metadata: { recovery: true, stale_agent_id: agentId, file_path: lock.file_path },
  }
  yield* notice(told, work)
  yield* tellHolder(agentId, `your lock on "${lock.file_path}"`, told.metadata, work)
}

/** Tells an agent that may come back what it no longer holds (PROTOCOL §17). */
function* tellHolder(agentId: string, lease: string, metadata: object, work: Work): Rule<void> {
  const body = `You were gone, so ${lease} was released; another agent may hold it now.`
  yield* notice({ body, toAgent: agentId, metadata }, work)
}
