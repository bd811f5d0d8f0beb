// A hold is a claim, a lock, a scope or a slot. The history of holds, for the lanes, has an interval for each time that an
// agent held a key. An interval begins with the row. It ends when the row is released, expires, or is gone from the listing. Pure.

import type { Claim, Lock, Scope, Slot } from '../../protocol/objects.js'

export interface Hold {
  readonly type: 'claim' | 'lock' | 'scope' | 'slot'
  /** The claim's key, the file's path, the scope's globs, or the slot's name. */
  readonly key: string
  /** What its release names: the key, or the scope's id. */
  readonly id: string | number
  readonly owner: string
  readonly sinceMs: number
  readonly expiresMs: number
  readonly releasedMs: number | undefined
  readonly threadId: string | undefined
  /** The agents that wait for it, in their order. */
  readonly waiting: readonly string[]
}

export interface Interval {
  readonly type: Hold['type']
  readonly key: string
  readonly owner: string
  readonly fromMs: number
  /** Undefined while the agent holds the key. */
  readonly toMs: number | undefined
  readonly expiresMs: number
}

/** The most intervals of the history. */
const MAX_INTERVALS = 400

export function holdOfClaim(claim: Claim): Hold {
  return {
    type: 'claim',
    key: claim.claim_key,
    id: claim.claim_key,
    owner: claim.owner_agent_id,
    sinceMs: Date.parse(claim.claimed_at),
    expiresMs: Date.parse(claim.expires_at),
    releasedMs: claim.released_at === null ? undefined : Date.parse(claim.released_at),
    threadId: claim.thread_id ?? undefined,
    waiting: namesIn(claim.waiting),
  }
}

export function holdOfLock(lock: Lock): Hold {
  const threadId = lock.metadata.thread_id
  return {
    type: 'lock',
    key: lock.file_path,
    id: lock.file_path,
    owner: lock.agent_id,
    sinceMs: Date.parse(lock.locked_at),
    expiresMs: Date.parse(lock.expires_at),
    releasedMs: lock.released_at === null ? undefined : Date.parse(lock.released_at),
    threadId: typeof threadId === 'string' ? threadId : undefined,
    waiting: namesIn(lock.waiting),
  }
}

export function holdOfScope(scope: Scope): Hold {
  return { type: 'scope', key: scope.globs.join('  '), id: scope.scope_id, ...heldNow(scope) }
}

export function holdOfSlot(slot: Slot): Hold {
  return { type: 'slot', key: slot.name, id: slot.name, ...heldNow(slot) }
}

/** The hub lists no scopes and slots that were released. */
function heldNow({ agent_id: owner, acquired_at, expires_at, waiting }: Scope | Slot) {
  return {
    owner,
    sinceMs: Date.parse(acquired_at),
    expiresMs: Date.parse(expires_at),
    releasedMs: undefined,
    threadId: undefined,
    waiting: namesIn(waiting),
  }
}

/** A hub of version 1 has no such member. */
function namesIn(given: unknown): string[] {
  return Array.isArray(given) ? given.filter((name) => typeof name === 'string') : []
}

export function isActive({ releasedMs, expiresMs }: Hold, nowMs: number): boolean {
  return releasedMs === undefined && expiresMs >= nowMs
}

/** The history with the present holds of one type. An open interval ends if its hold is not among them. */
export function withHolds(
  history: readonly Interval[],
  type: Hold['type'],
  holds: readonly Hold[],
  nowMs: number,
): readonly Interval[] {
  const intervals = new Map(history.map((interval) => [nameOf(interval), interval]))
  const seen = new Set<string>()
  for (const hold of holds) {
    const fromMs = hold.sinceMs
    const { key, owner, expiresMs } = hold
    const toMs = isActive(hold, nowMs) ? undefined : (hold.releasedMs ?? hold.expiresMs)
    const interval = { type, key, owner, fromMs, toMs, expiresMs }
    seen.add(nameOf(interval))
    intervals.set(nameOf(interval), interval)
  }
  for (const [name, interval] of intervals) {
    if (interval.type !== type || interval.toMs !== undefined || seen.has(name)) continue
    intervals.set(name, { ...interval, toMs: Math.min(nowMs, interval.expiresMs) })
  }
  const all = [...intervals.values()]
  if (all.length <= MAX_INTERVALS) return all
  return all
    .sort((a, b) => (b.toMs ?? Number.POSITIVE_INFINITY) - (a.toMs ?? Number.POSITIVE_INFINITY))
    .slice(0, MAX_INTERVALS)
}

function nameOf({ type, key, owner, fromMs }: Interval): string {
  return JSON.stringify([type, key, owner, fromMs])
}

export interface Lane {
  readonly type: Hold['type']
  readonly key: string
  readonly intervals: readonly Interval[]
}

/** A lane for each key with an interval since `fromMs`: open ones first, then by the latest end. */
export function lanesOf(history: readonly Interval[], fromMs: number, nowMs: number, max: number): Lane[] {
  const lanes = new Map<string, { type: Hold['type']; key: string; intervals: Interval[]; latest: number }>()
  for (const interval of history) {
    const end = endOf(interval, nowMs)
    if (end < fromMs) continue
    const name = `${interval.type} ${interval.key}`
    const lane = lanes.get(name) ?? { type: interval.type, key: interval.key, intervals: [], latest: 0 }
    lane.intervals.push(interval)
    lane.latest = Math.max(lane.latest, interval.toMs ?? Number.MAX_SAFE_INTEGER)
    lanes.set(name, lane)
  }
  return [...lanes.values()]
    .sort((a, b) => b.latest - a.latest || a.key.localeCompare(b.key))
    .slice(0, max)
    .map(({ type, key, intervals }) => ({
      type,
      key,
      intervals: intervals.sort((a, b) => a.fromMs - b.fromMs),
    }))
}

/** The end of an interval, or now if it is open. A hold that the page has not seen expire ended at its expiry. */
export function endOf({ toMs, expiresMs }: Interval, nowMs: number): number {
  return toMs ?? Math.min(nowMs, expiresMs)
}
