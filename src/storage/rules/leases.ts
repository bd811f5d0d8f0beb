// Claims and locks (PROTOCOL §6, §19): one set of rules for two kinds of lease (lease-rows.ts).
//
//   (none | released | expired) ─acquire─▶ held ─release─▶ released
//                                          held ─refresh─▶ held, later expiry
//                                          held ─its time passes─▶ expired
//
// A lease is active while `released_at` is null and `expires_at ≥ now`, in whole seconds. Acquiring is atomic, because
// all commands of all hubs on a storage run in write transactions, one after another. A free lease goes to the first who
// waits for it (waits.ts), if anybody does.

import { notFound } from '../../protocol/errors.js'
import type { Claim, Lock } from '../../protocol/objects.js'
import type { Wait } from '../commands.js'
import { type Done, done, made } from '../outcome.js'
import { fenceOf, mustBeNewest } from './fences.js'
import { tellClaim, tellLock } from './lease-notices.js'
import {
  activeLease,
  type Lease,
  type LeaseRow,
  type Noun,
  ownerOf,
  storedLease,
  toLease,
} from './lease-rows.js'
import { areaOfPath, type InTheWay, isBehindScopes, scopesInTheWay } from './scope-conflicts.js'
import { all, one, type Rule, run } from './sql.js'
import type { NewLease } from './statements.js'
import type { CommandRules, QueryRules } from './tables.js'
import { isNext, join, leave, lineFor, stepAside, waitingByKey, waitingIn } from './waits.js'
import { nowOf, secondsAhead, type Work } from './work.js'

interface Wish extends Pick<NewLease, 'key' | 'owner' | 'metadata' | 'threadId' | 'taskMessageId'> {
  readonly ttlSec: number
  readonly fence: number | undefined
  readonly wait: Wait | undefined
}

function* acquire(noun: Noun, { ttlSec, fence, wait, ...wish }: Wish, work: Work): Rule<Done> {
  const { key, owner } = wish
  yield* mustBeNewest(noun, key, fence, work)
  const holder = yield* activeLease(noun, key, work)
  const line = yield* lineFor({ kind: noun, key })
  const isOwn = holder !== undefined && ownerOf(holder) === owner
  if (!isOwn && (holder || !isNext(line, owner, work)))
    return yield* refuse(noun, key, holder, owner, wait, work)
  if (!isOwn && noun === 'lock') {
    const scopes = yield* scopesInTheWay(areaOfPath(owner, key), work)
    const isBehind = scopes.length === 0 && (yield* isBehindScopes(key, owner, line, work))
    if (scopes.length > 0 || isBehind) return yield* refuse(noun, key, undefined, owner, wait, work, scopes)
  }
  const expiresAt = secondsAhead(work, ttlSec)
  if (isOwn) yield* run(`${noun}.extend`, { key, expiresAt })
  else yield* run(`${noun}.take`, { ...wish, now: nowOf(work), expiresAt })
  yield* leave(line, owner)
  return made(yield* storedLease(noun, key), { acquired: true, fence: yield* fenceOf(noun, key) })
}

/** Another agent has the lease, or comes before this one. */
function* refuse(
  noun: Noun,
  key: string,
  holder: LeaseRow | undefined,
  agentId: string,
  wait: Wait | undefined,
  work: Work,
  scopes: readonly InTheWay[] = [],
): Rule<Done> {
  const at = { kind: noun, key }
  const line = yield* lineFor(at)
  const place = wait === 'join' ? yield* join(at, line, agentId, work) : undefined
  if (wait === 'last') yield* stepAside(line, agentId)
  const waiting = waitingIn(yield* lineFor(at), work)
  const [scope] = scopes
  const beside = {
    acquired: false,
    fence: scope?.scopeId ?? (yield* fenceOf(noun, key)),
    waiting,
    ...(scope && { holders: scopes.map(({ lease }) => lease) }),
  }
  const lease = holder
    ? toLease(holder)
    : ((scope && lockOfScope(key, scope)) ?? (yield* lastLease(noun, key, waiting[0], work)))
  return { ...done(lease, beside), place, isPassing: place !== undefined }
}

/** A scope as the lock that it is on one path, for clients that know no scopes. */
function lockOfScope(
  file_path: string,
  { lease: { agent_id, expires_at, metadata }, since }: InTheWay,
): Lock {
  return { file_path, agent_id, locked_at: since, expires_at, released_at: null, metadata }
}

/** The last row of a key that is free for the first who waits; where there is none, one that says who that is. */
function* lastLease(noun: Noun, key: string, next: string | undefined, work: Work): Rule<Lease> {
  const row: LeaseRow | undefined = yield* one(`${noun}.find`, { key })
  if (row) return toLease(row)
  const now = nowOf(work)
  const times = { expires_at: now, released_at: now, metadata: {} }
  if (noun === 'lock') return { file_path: key, agent_id: next ?? '', locked_at: now, ...times }
  const rest = { thread_id: null, task_message_id: null, claimed_at: now, ...times }
  return { claim_key: key, owner_agent_id: next ?? '', ...rest }
}

interface Ask {
  readonly key: string
  readonly agentId: string
  readonly fence: number | undefined
}

function* refresh(noun: Noun, ask: Ask, ttlSec: number, work: Work): Rule<Done> {
  const { key } = ask
  yield* mustBeHeld(noun, ask, work)
  yield* run(`${noun}.extend`, { key, expiresAt: secondsAhead(work, ttlSec) })
  return done(yield* storedLease(noun, key), { acquired: true, fence: yield* fenceOf(noun, key) })
}

function* release(noun: Noun, ask: Ask, byOperator: boolean, work: Work): Rule<Done> {
  const { key } = ask
  const holder = ownerOf(yield* mustBeHeld(noun, ask, work, byOperator))
  yield* run(`${noun}.release`, { key, now: nowOf(work) })
  const lease = yield* storedLease(noun, key)
  if (holder !== ask.agentId) yield* tellRelease(noun, holder, ask.agentId, lease, work)
  return done(lease)
}

function* tellRelease(noun: Noun, holder: string, operator: string, lease: Lease, work: Work): Rule<void> {
  const release = {
    holder,
    told: (what: string) => `${operator} released the ${what} of ${holder}; it may be taken.`,
    toldHolder: (what: string) =>
      `${operator} released your ${what}: stop what you do under it. Another agent may hold it now.`,
    metadata: { by_operator: true, released_by: operator, holder },
  }
  if (noun === 'claim') yield* tellClaim(release, lease as Claim, work)
  else yield* tellLock(release, lease as Lock, work)
}

/** The active row. @throws ArcError `stale_fence`; `not_found` if the agent does not hold it, or, with `byAny`, nobody */
function* mustBeHeld(noun: Noun, { key, agentId, fence }: Ask, work: Work, byAny = false): Rule<LeaseRow> {
  yield* mustBeNewest(noun, key, fence, work)
  const holder = yield* activeLease(noun, key, work)
  if (holder && (byAny || ownerOf(holder) === agentId)) return holder
  const text = byAny
    ? `nobody holds an active ${noun} on "${key}"`
    : `${agentId} holds no active ${noun} on "${key}"; acquire it first`
  throw notFound(text)
}

export const leaseCommands = {
  'claim.acquire': (input, work) => {
    const wish = {
      key: input.claim_key ?? `task-${input.task_message_id}`,
      owner: input.owner_agent_id,
      metadata: input.metadata,
      threadId: input.thread_id ?? null,
      taskMessageId: input.task_message_id ?? null,
      ttlSec: input.ttl_sec,
      fence: input.fence,
      wait: input.wait,
    }
    return acquire('claim', wish, work)
  },
  'claim.refresh': ({ claim_key: key, owner_agent_id: agentId, fence, ttl_sec }, work) =>
    refresh('claim', { key, agentId, fence }, ttl_sec, work),
  'claim.release': ({ claim_key: key, agent_id: agentId, fence, by_operator }, work) =>
    release('claim', { key, agentId, fence }, by_operator, work),
  'lock.acquire': (input, work) => {
    const wish = {
      key: input.file_path,
      owner: input.agent_id,
      metadata: input.metadata,
      threadId: null,
      taskMessageId: null,
      ttlSec: input.ttl_sec,
      fence: input.fence,
      wait: input.wait,
    }
    return acquire('lock', wish, work)
  },
  'lock.refresh': ({ file_path: key, agent_id: agentId, fence, ttl_sec }, work) =>
    refresh('lock', { key, agentId, fence }, ttl_sec, work),
  'lock.release': ({ file_path: key, agent_id: agentId, fence, by_operator }, work) =>
    release('lock', { key, agentId, fence }, by_operator, work),
} satisfies Partial<CommandRules>

export const leaseQueries = {
  *'claims.list'({ thread_id: threadId, active_only }, work) {
    const now = nowOf(work)
    const rows = yield* all('claim.list', { threadId, activeAt: active_only ? now : undefined })
    const lines = yield* waitingByKey('claim', work)
    return done(rows.map((row) => withLine(toLease<Claim>(row), lines.get(row.claim_key), now)))
  },
  *'locks.list'({ agent_id: owner, active_only }, work) {
    const now = nowOf(work)
    const rows = yield* all('lock.list', { owner, activeAt: active_only ? now : undefined })
    const lines = yield* waitingByKey('lock', work)
    return done(rows.map((row) => withLine(toLease<Lock>(row), lines.get(row.file_path), now)))
  },
} satisfies Partial<QueryRules>

/** An active lease with the agents that wait for it. */
function withLine<L extends Lease>(lease: L, waiting: readonly string[] = [], now: string): L {
  return lease.released_at === null && lease.expires_at >= now ? { ...lease, waiting } : lease
}
