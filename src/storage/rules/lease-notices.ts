// Tells that a lease was released by somebody else than its holder (PROTOCOL §3, §17, §19): a notice in the lease's
// thread, and a direct message to the holder, who may come back.

import type { Claim, Lock, Scope } from '../../protocol/objects.js'
import { threadOfLock } from './lease-rows.js'
import { notice } from './message-log.js'
import type { Rule } from './sql.js'
import { channelOf } from './threads.js'
import type { Work } from './work.js'

/** Why a lease was released. */
export interface Release {
  readonly holder: string
  /** As in "ann is gone; its claim "k" was released". */
  readonly told: (lease: string) => string
  /** As in "You were gone, so your claim "k" was released". */
  readonly toldHolder: (lease: string) => string
  /** Members of the notices' metadata. */
  readonly metadata: object
}

export function* tellClaim(
  { holder, told, toldHolder, metadata }: Release,
  claim: Claim,
  work: Work,
): Rule<void> {
  const lease = `claim "${claim.claim_key}"`
  const { claim_key, task_message_id, thread_id } = claim
  const about = { ...metadata, claim_key, task_message_id }
  const place = {
    channel: thread_id === null ? null : yield* channelOf(thread_id, work),
    threadId: thread_id,
    replyTo: task_message_id,
  }
  yield* notice({ body: told(lease), metadata: about, ...place }, work)
  yield* notice({ body: toldHolder(lease), metadata: about, toAgent: holder }, work)
}

export function* tellSlot(
  { holder, told, toldHolder, metadata }: Release,
  slot: string,
  work: Work,
): Rule<void> {
  const about = { ...metadata, slot }
  yield* notice({ body: told(`slot "${slot}"`), metadata: about }, work)
  yield* notice({ body: toldHolder(`slot "${slot}"`), metadata: about, toAgent: holder }, work)
}

export function* tellLock(
  { holder, told, toldHolder, metadata }: Release,
  lock: Lock,
  work: Work,
): Rule<void> {
  const lease = `lock on "${lock.file_path}"`
  const about = { ...metadata, file_path: lock.file_path }
  yield* notice({ body: told(lease), metadata: about, ...(yield* placeOf(lock, work)) }, work)
  yield* notice({ body: toldHolder(lease), metadata: about, toAgent: holder }, work)
}

export function* tellScope(
  { holder, told, toldHolder, metadata }: Release,
  scope: Scope,
  work: Work,
): Rule<void> {
  const about = { ...metadata, scope_id: scope.scope_id, globs: scope.globs }
  const lease = `scope of ${scope.globs.join(', ')}`
  yield* notice({ body: told(lease), metadata: about, ...(yield* placeOf(scope, work)) }, work)
  yield* notice({ body: toldHolder(lease), metadata: about, toAgent: holder }, work)
}

/** The thread or the channel that a lease's metadata names. */
function* placeOf(
  lease: Pick<Lock, 'metadata'>,
  work: Work,
): Rule<{ channel: string | null; threadId: string | null }> {
  const { channel } = lease.metadata
  const threadId = threadOfLock(lease)
  if (threadId !== undefined) return { channel: yield* channelOf(threadId, work), threadId }
  return { channel: typeof channel === 'string' ? channel : null, threadId: null }
}
