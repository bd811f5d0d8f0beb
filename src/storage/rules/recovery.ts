// Recovery of what expired sessions held (PROTOCOL §3): each active claim and lock is released and a notice
// tells its thread. Only sessions without a sign of life are touched: another hub may serve the others.
//
// Rows are found again by reference, not by key: another implementation may have stored a key that reads as
// another one, and such a row must not keep the others from being recovered.

import type { Claim, Lock } from '../../protocol/objects.js'
import { releaseHeld, threadOfLock } from './leases.js'
import { notice } from './message-log.js'
import { one, type Rule, run } from './sql.js'
import { channelOf } from './threads.js'
import { presentSince, type Work } from './work.js'

/** Deactivates every session past its time to live, in the transaction under way. */
export function* expireSessions(work: Work): Rule<void> {
  const since = presentSince(work)
  for (;;) {
    const expired = yield* one('session.expired', { since })
    if (!expired) return
    const { ref, agent_id: agentId } = expired
    yield* run('session.end', { ref })
    yield* releaseHeld(ref, work, {
      claim: (claim) => tellClaim(agentId, claim, work),
      lock: (lock) => tellLock(agentId, lock, work),
    })
  }
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
}
