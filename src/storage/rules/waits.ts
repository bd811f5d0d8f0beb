// The lines of agents that wait for a lease (PROTOCOL §19), first come first served, over all hubs on a storage.
//
//   (none) ─join─▶ live ─its request ends without the lease─▶ away ─joins again within `KEPT_MS`─▶ live, same place
//                  live ─no renewal for `LAPSE_MS`: its door or hub is gone─▶ lapsed ─renewed─▶ live, same place
//                  any ─acquires the lease, or too long without a sign─▶ (none)
//
// Only live rows count: a free lease goes to the first of them, when its door asks again. An agent has one place in a
// line, however many of its requests wait there.

import type { Prospects, WaitKind } from '../commands.js'
import { done } from '../outcome.js'
import { activeLease, type LeaseRow, ownerOf } from './lease-rows.js'
import { all, type Rule, run } from './sql.js'
import type { WaitRow } from './statements.js'
import type { CommandRules, QueryRules } from './tables.js'
import { nowOf, type Work } from './work.js'

/** A door renews its waits every second. After so many milliseconds without, nobody waits for them any more. */
const LAPSE_MS = 5_000
/** Milliseconds for which a place is kept for an agent that asks again: the SDK repeats long waits. */
const KEPT_MS = 10_000
/** Rows older than this are deleted. */
const FORGET_MS = 3_600_000

/** What an agent waits for. */
export interface Line {
  readonly kind: WaitKind
  readonly key: string
}

/** A line's rows, by place: live ones, and places that are kept. */
export function lineFor(line: Line): Rule<WaitRow[]> {
  return all('wait.line', line)
}

export function isLive({ is_away, seen_ms }: WaitRow, { nowMs }: Work): boolean {
  return is_away === 0 && seen_ms >= nowMs - LAPSE_MS
}

/** The agents that wait now, in order. */
export function waitingIn(line: readonly WaitRow[], work: Work): string[] {
  return line.filter((row) => isLive(row, work)).map((row) => row.agent_id)
}

/** Whether no other agent comes before this one. An agent without a place comes last. */
export function isNext(line: readonly WaitRow[], agentId: string, work: Work): boolean {
  const place = line.find((row) => row.agent_id === agentId)?.place ?? Number.POSITIVE_INFINITY
  return !line.some((row) => row.agent_id !== agentId && row.place < place && isLive(row, work))
}

/** Gives the agent a place, or renews it. */
export function* join(
  { kind, key }: Line,
  line: readonly WaitRow[],
  agentId: string,
  work: Work,
): Rule<number> {
  const { nowMs } = work
  const own = line.find((row) => row.agent_id === agentId)
  if (own && own.seen_ms >= nowMs - KEPT_MS) {
    yield* run('wait.renew', { places: JSON.stringify([own.place]), nowMs })
    return own.place
  }
  if (own) yield* run('wait.delete', { place: own.place })
  return (yield* run('wait.insert', { kind, key, agentId, since: nowOf(work), nowMs })).id
}

/** Takes the agent out of the line, because it has what it waited for. */
export function* leave(line: readonly WaitRow[], agentId: string): Rule<void> {
  const own = line.find((row) => row.agent_id === agentId)
  if (own) yield* run('wait.delete', { place: own.place })
}

/** Keeps the agent's place for a moment. It does not wait there meanwhile. */
export function* stepAside(line: readonly WaitRow[], agentId: string): Rule<void> {
  const own = line.find((row) => row.agent_id === agentId)
  if (own) yield* run('wait.away', { places: JSON.stringify([own.place]) })
}

/** What an agent waits for now, with its position in each line. */
export function* waitsOf(agentId: string, work: Work): Rule<object[]> {
  const found: object[] = []
  for (const { kind, key, since } of yield* all('wait.ofAgent', { agentId, seenMs: work.nowMs - LAPSE_MS })) {
    const position = waitingIn(yield* lineFor({ kind, key }), work).indexOf(agentId) + 1
    found.push({ kind, key, since, position })
  }
  return found
}

/** The lines of one kind, by key: who waits, in order. */
export function* waitingByKey(kind: WaitKind, work: Work): Rule<Map<string, string[]>> {
  const lines = new Map<string, string[]>()
  for (const row of yield* all('wait.live', { kind, seenMs: work.nowMs - LAPSE_MS }))
    lines.set(row.key, [...(lines.get(row.key) ?? []), row.agent_id])
  return lines
}

/** Deletes what nobody waits for any more. */
export function* forgetWaits({ nowMs }: Work): Rule<void> {
  yield* run('wait.forget', { before: nowMs - FORGET_MS })
}

/** Which of these waits may have what they wait for, and when the others should look again. */
function* prospects(places: readonly number[], work: Work): Rule<Prospects> {
  const rows = yield* all('wait.at', { places: JSON.stringify(places) })
  const wanted = new Set(places)
  // A place without a row was forgotten: its request has to join again.
  const ready = places.filter((place) => !rows.some((row) => row.place === place))
  const lines = new Map(rows.map(({ kind, key }) => [`${kind} ${key}`, { kind, key }]))
  let nextInMs = Number.POSITIVE_INFINITY
  for (const at of lines.values()) {
    const line = yield* lineFor(at)
    const holder = yield* activeLease(at.kind, at.key, work)
    const next = line.find((row) => isLive(row, work))
    const own = holder && line.filter((row) => row.agent_id === ownerOf(holder)).map(({ place }) => place)
    if (own) ready.push(...own.filter((place) => wanted.has(place)))
    if (!holder && next && wanted.has(next.place)) ready.push(next.place)
    if (holder) nextInMs = Math.min(nextInMs, untilFree(holder, work))
    else if (next) nextInMs = Math.min(nextInMs, untilLapse(next, work))
  }
  return { ready, nextInMs: nextInMs === Number.POSITIVE_INFINITY ? null : nextInMs }
}

/** A lease is held through its last second. */
function untilFree({ expires_at }: LeaseRow, { nowMs }: Work): number {
  return Math.max(0, Date.parse(expires_at) + 1_000 - nowMs)
}

function untilLapse({ seen_ms }: WaitRow, { nowMs }: Work): number {
  return Math.max(0, seen_ms + LAPSE_MS + 1 - nowMs)
}

export const waitCommands = {
  *'waits.renew'({ places }, work) {
    yield* run('wait.renew', { places: JSON.stringify(places), nowMs: work.nowMs })
    return done(yield* prospects(places, work))
  },
  *'waits.end'({ places }) {
    yield* run('wait.away', { places: JSON.stringify(places) })
    return done(null)
  },
} satisfies Partial<CommandRules>

export const waitQueries = {
  *'waits.look'({ places }, work) {
    return done(yield* prospects(places, work))
  },
} satisfies Partial<QueryRules>
