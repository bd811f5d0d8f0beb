// Claims and locks (PROTOCOL §6): one set of rules for two kinds of lease, whose columns have different names.
//
//   (none | released | expired) ─acquire─▶ held ─release─▶ released
//                                          held ─refresh─▶ held, later expiry
//                                          held ─its time passes─▶ expired
//
// A lease is active while `released_at` is null and `expires_at ≥ now`, in whole seconds. Acquiring is atomic, because
// all commands of all hubs on a storage run in write transactions, one after another.

import { ArcError, notFound } from '../../protocol/errors.js'
import type { Claim, Lock } from '../../protocol/objects.js'
import { type Done, done, made } from '../outcome.js'
import { parseJson } from './json.js'
import { all, one, type Rule, run } from './sql.js'
import type { ClaimRow, LockRow, NewLease, RowRef } from './statements.js'
import type { CommandRules, QueryRules } from './tables.js'
import { nowOf, secondsAhead, type Work } from './work.js'

type Noun = 'claim' | 'lock'
type Lease = Claim | Lock
type LeaseRow = ClaimRow | LockRow

function toLease<L extends Lease>({ metadata_json, ...row }: LeaseRow): L {
  return { ...row, metadata: parseJson(metadata_json, {}) } as unknown as L
}

function ownerOf(row: LeaseRow): string {
  return 'owner_agent_id' in row ? row.owner_agent_id : row.agent_id
}

type Wish = Pick<NewLease, 'key' | 'owner' | 'metadata' | 'threadId' | 'taskMessageId'>

function* acquire(noun: Noun, wish: Wish, ttlSec: number, work: Work): Rule<Done> {
  const { key } = wish
  const now = nowOf(work)
  const expiresAt = secondsAhead(work, ttlSec)
  const holder: LeaseRow | undefined = yield* one(`${noun}.active`, { key, now })
  if (!holder) yield* run(`${noun}.take`, { ...wish, now, expiresAt })
  else if (ownerOf(holder) === wish.owner) yield* run(`${noun}.extend`, { key, expiresAt })
  else return done(toLease(holder), { acquired: false })
  return made(yield* read(noun, key), { acquired: true })
}

function* refresh(noun: Noun, key: string, owner: string, ttlSec: number, work: Work): Rule<Done> {
  yield* mustBeHeld(noun, key, owner, work)
  yield* run(`${noun}.extend`, { key, expiresAt: secondsAhead(work, ttlSec) })
  return done(yield* read(noun, key), { acquired: true })
}

function* release(noun: Noun, key: string, owner: string, work: Work): Rule<Done> {
  yield* mustBeHeld(noun, key, owner, work)
  yield* run(`${noun}.release`, { key, now: nowOf(work) })
  return done(yield* read(noun, key))
}

function* mustBeHeld(noun: Noun, key: string, owner: string, work: Work): Rule<void> {
  const holder: LeaseRow | undefined = yield* one(`${noun}.active`, { key, now: nowOf(work) })
  if (holder && ownerOf(holder) === owner) return
  throw notFound(`${owner} holds no active ${noun} on "${key}"; acquire it first`)
}

function* read(noun: Noun, key: string): Rule<Lease> {
  const row: LeaseRow | undefined = yield* one(`${noun}.find`, { key })
  if (!row) throw new ArcError('internal', `the ${noun} on "${key}" was stored and can't be read`)
  return toLease(row)
}

export function* claimsOf(threadId: string): Rule<Claim[]> {
  return (yield* all('claim.list', { threadId })).map(toLease<Claim>)
}

/** All locks, or those that are active at a time. */
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
export function threadOfLock({ metadata }: Lock): string | undefined {
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

export const leaseCommands = {
  'claim.acquire': (input, work) => {
    const wish = {
      key: input.claim_key ?? `task-${input.task_message_id}`,
      owner: input.owner_agent_id,
      metadata: input.metadata,
      threadId: input.thread_id ?? null,
      taskMessageId: input.task_message_id ?? null,
    }
    return acquire('claim', wish, input.ttl_sec, work)
  },
  'claim.refresh': (input, work) =>
    refresh('claim', input.claim_key, input.owner_agent_id, input.ttl_sec, work),
  'claim.release': (input, work) => release('claim', input.claim_key, input.agent_id, work),
  'lock.acquire': (input, work) => {
    const { file_path: key, agent_id: owner, metadata } = input
    return acquire('lock', { key, owner, metadata, threadId: null, taskMessageId: null }, input.ttl_sec, work)
  },
  'lock.refresh': (input, work) => refresh('lock', input.file_path, input.agent_id, input.ttl_sec, work),
  'lock.release': (input, work) => release('lock', input.file_path, input.agent_id, work),
} satisfies Partial<CommandRules>

export const leaseQueries = {
  *'claims.list'({ thread_id: threadId, active_only }, work) {
    const rows = yield* all('claim.list', { threadId, activeAt: active_only ? nowOf(work) : undefined })
    return done(rows.map(toLease))
  },
  *'locks.list'({ agent_id: owner, active_only }, work) {
    const rows = yield* all('lock.list', { owner, activeAt: active_only ? nowOf(work) : undefined })
    return done(rows.map(toLease))
  },
} satisfies Partial<QueryRules>
