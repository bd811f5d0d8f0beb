// Claims and locks as they are stored (PROTOCOL §2, §6): two kinds of lease whose columns have different names.

import { ArcError } from '../../protocol/errors.js'
import type { Claim, Lock } from '../../protocol/objects.js'
import { parseJson } from './json.js'
import { all, one, type Rule, run } from './sql.js'
import type { ClaimRow, LockRow, RowRef } from './statements.js'
import { nowOf, type Work } from './work.js'

export type Noun = 'claim' | 'lock'
export type Lease = Claim | Lock
export type LeaseRow = ClaimRow | LockRow

export function toLease<L extends Lease>({ metadata_json, ...row }: LeaseRow): L {
  return { ...row, metadata: parseJson(metadata_json, {}) } as unknown as L
}

export function ownerOf(lease: LeaseRow | Lease): string {
  return 'owner_agent_id' in lease ? lease.owner_agent_id : lease.agent_id
}

export function* activeLease(noun: Noun, key: string, work: Work): Rule<LeaseRow | undefined> {
  return yield* one(`${noun}.active`, { key, now: nowOf(work) })
}

export function* storedLease(noun: Noun, key: string): Rule<Lease> {
  const row: LeaseRow | undefined = yield* one(`${noun}.find`, { key })
  if (!row) throw new ArcError('internal', `the ${noun} on "${key}" was stored and can't be read`)
  return toLease(row)
}

export function* claimsOf(threadId: string): Rule<Claim[]> {
  return (yield* all('claim.list', { threadId })).map(toLease<Claim>)
}

/** Every lock, or those that are active then. */
export function* allLocks(activeAt?: string): Rule<Lock[]> {
  return (yield* all('lock.list', { activeAt })).map(toLease<Lock>)
}

/** The active claims and locks of an agent. */
export function* heldBy(owner: string, work: Work): Rule<{ claims: Claim[]; locks: Lock[] }> {
  const filter = { owner, activeAt: nowOf(work) }
  const claims = (yield* all('claim.list', filter)).map(toLease<Claim>)
  return { claims, locks: (yield* all('lock.list', filter)).map(toLease<Lock>) }
}

/** The thread that a lock's metadata names. */
export function threadOfLock({ metadata }: Pick<Lock, 'metadata'>): string | undefined {
  const { thread_id: threadId } = metadata
  return typeof threadId === 'string' && threadId !== '' ? threadId : undefined
}

/** Releases the claims or locks of a session's agent one after another, the oldest first, and calls `released` with each. */
export function* releaseHeld<L extends Lease>(
  noun: Noun,
  session: RowRef,
  work: Work,
  released: (lease: L) => Rule<void>,
): Rule<void> {
  const now = nowOf(work)
  for (const { ref } of yield* all(`${noun}.ofSession`, { session, now })) {
    yield* run(`${noun}.end`, { ref, now })
    const row: LeaseRow | undefined = yield* one(`${noun}.at`, { ref })
    if (row) yield* released(toLease<L>(row))
  }
}
