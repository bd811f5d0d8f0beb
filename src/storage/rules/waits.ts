// The lines of agents that wait for a lease (PROTOCOL §19), first come first served, over all hubs on a storage.
//
//   (none) ─join─▶ live ─its request ends without the lease─▶ away ─joins again within `KEPT_MS`─▶ live, same place
//                  live ─no renewal for `LAPSE_MS`: its door or hub is gone─▶ lapsed ─renewed─▶ live, same place
//                  any ─acquires the lease, or too long without a sign─▶ (none)
//
// Only live rows count: a free lease goes to the first of them, when its door asks again. An agent has one place in a
// line, however many of its requests wait there.

import type { WaitKind } from '../commands.js'
import { all, type Rule, run } from './sql.js'
import type { WaitRow } from './statements.js'
import { wantsOf } from './task-rows.js'
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

export function isLive({ is_away, seen_ms }: WaitRow, work: Work): boolean {
  return is_away === 0 && seen_ms >= seenSince(work)
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

/** Gives the agent a place, or renews it. `capacity`: of a slot. */
export function* join(
  { kind, key }: Line,
  line: readonly WaitRow[],
  agentId: string,
  work: Work,
  capacity: number | null = null,
): Rule<number> {
  const { nowMs } = work
  const own = line.find((row) => row.agent_id === agentId)
  if (own && own.seen_ms >= nowMs - KEPT_MS) {
    yield* run('wait.rejoin', { place: own.place, nowMs, capacity })
    return own.place
  }
  if (own) yield* run('wait.delete', { place: own.place })
  return (yield* run('wait.insert', { kind, key, agentId, since: nowOf(work), nowMs, capacity })).id
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
  for (const { kind, key, since } of yield* all('wait.ofAgent', { agentId, seenMs: seenSince(work) })) {
    const position = waitingIn(yield* lineFor({ kind, key }), work).indexOf(agentId) + 1
    found.push({ kind, ...wantedIn(kind, key), since, position })
  }
  return found
}

function wantedIn(kind: WaitKind, key: string): object {
  if (kind !== 'task') return { key }
  const { channel = null, threadId = null } = wantsOf(key)
  return { channel, thread_id: threadId }
}

/** Rows that were renewed since then are live. */
export function seenSince({ nowMs }: Work): number {
  return nowMs - LAPSE_MS
}

/** The lines of one kind, by key: who waits, in order. */
export function* waitingByKey(kind: WaitKind, work: Work): Rule<Map<string, string[]>> {
  const lines = new Map<string, string[]>()
  for (const row of yield* all('wait.live', { kind, seenMs: seenSince(work) }))
    lines.set(row.key, [...(lines.get(row.key) ?? []), row.agent_id])
  return lines
}

/** Deletes what nobody waits for any more. */
export function* forgetWaits({ nowMs }: Work): Rule<void> {
  yield* run('wait.forget', { before: nowMs - FORGET_MS })
}

/** Milliseconds until a live row lapses, unless it is renewed. */
export function untilLapse({ seen_ms }: WaitRow, { nowMs }: Work): number {
  return Math.max(0, seen_ms + LAPSE_MS + 1 - nowMs)
}
