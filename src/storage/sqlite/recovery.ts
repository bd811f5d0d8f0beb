// Recovery of what expired sessions held (PROTOCOL §3): each active claim and lock is released and a notice
// tells its thread. Only sessions without a sign of life are touched: another hub may serve the others.

import type { Claim, Lock } from '../../protocol/objects.js'
import { type SqliteContext, secondsAhead } from './context.js'
import type { Leases } from './leases.js'
import type { MessageLog } from './message-log.js'
import type { Threads } from './threads.js'

export class Recovery {
  readonly #leases: Leases
  readonly #log: MessageLog
  readonly #presenceTtlSec: number
  readonly #expired
  readonly #deactivate
  readonly #threads: Threads

  constructor({ db, presenceTtlSec }: SqliteContext, leases: Leases, threads: Threads, log: MessageLog) {
    this.#leases = leases
    this.#threads = threads
    this.#log = log
    this.#presenceTtlSec = presenceTtlSec
    this.#expired = db
      .prepare<[string], string>(
        'SELECT DISTINCT agent_id FROM sessions WHERE active = 1 AND last_seen < ? ORDER BY agent_id',
      )
      .pluck()
    this.#deactivate = db.prepare('UPDATE sessions SET active = 0 WHERE agent_id = ? AND active = 1')
  }

  /** Deactivates every session past its time to live, in the transaction under way. */
  expireSessions(): void {
    for (const agentId of this.#expired.all(secondsAhead(-this.#presenceTtlSec))) {
      this.#deactivate.run(agentId)
      this.#leases.claims.releaseAllOf(agentId, (claim) => this.#tellClaim(agentId, claim))
      this.#leases.locks.releaseAllOf(agentId, (lock) => this.#tellLock(agentId, lock))
    }
  }

  #tellClaim(agentId: string, claim: Claim): void {
    this.#log.notice({
      body: `${agentId} is gone; its claim "${claim.claim_key}" was released and may be taken.`,
      channel: claim.thread_id === null ? null : this.#threads.channelOf(claim.thread_id),
      threadId: claim.thread_id,
      replyTo: claim.task_message_id,
      metadata: {
        recovery: true,
        stale_agent_id: agentId,
        claim_key: claim.claim_key,
        task_message_id: claim.task_message_id,
      },
    })
  }

  #tellLock(agentId: string, lock: Lock): void {
    const { thread_id: threadId, channel } = lock.metadata
    const thread = typeof threadId === 'string' && threadId !== '' ? threadId : null
    this.#log.notice({
      body: `${agentId} is gone; its lock on "${lock.file_path}" was released and may be taken.`,
      channel:
        thread !== null ? this.#threads.channelOf(thread) : typeof channel === 'string' ? channel : null,
      threadId: thread,
      metadata: { recovery: true, stale_agent_id: agentId, file_path: lock.file_path },
    })
  }
}
