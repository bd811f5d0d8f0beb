// What requests that wait may expect (PROTOCOL §19): which of them should ask again. A door asks for all of its requests at
// once, and renews their places once a second.

import type { Prospects } from '../commands.js'
import { done } from '../outcome.js'
import { activeLease, type LeaseRow, type Noun, ownerOf } from './lease-rows.js'
import { areaOfWait, heldInTheWay, isBehindOthers, scopesInTheWay } from './scope-conflicts.js'
import { hasRoom, slotHolders } from './slots.js'
import { all, type Rule, run } from './sql.js'
import type { WaitRow } from './statements.js'
import type { CommandRules, QueryRules } from './tables.js'
import { wantsOf } from './task-rows.js'
import { isLive, lineFor, seenSince, untilLapse } from './waits.js'
import { nowOf, type Work } from './work.js'

/** Tasks that one look hands out. Those who then get none ask again. */
const MOST_TASKS = 500
const NEVER = Number.POSITIVE_INFINITY

/** A line's places that should ask again, and when to look again without a change. */
interface Turn {
  readonly ready: readonly number[]
  readonly nextInMs: number
}

function* prospects(places: readonly number[], work: Work): Rule<Prospects> {
  const rows = yield* all('wait.at', { places: JSON.stringify(places) })
  const known = new Set(rows.map((row) => row.place))
  // A place without a row was forgotten: its request has to join again.
  const ready = places.filter((place) => !known.has(place))
  let nextInMs = NEVER
  for (const line of linesOf(rows)) {
    const turn = yield* turnIn(line, work)
    ready.push(...turn.ready.filter((place) => known.has(place)))
    nextInMs = Math.min(nextInMs, turn.nextInMs)
  }
  return { ready, nextInMs: nextInMs === NEVER ? null : nextInMs }
}

function* turnIn([first, ...others]: readonly [WaitRow, ...WaitRow[]], work: Work): Rule<Turn> {
  const { kind, key } = first
  switch (kind) {
    case 'task':
      return yield* tasksFor([first, ...others], work)
    case 'slot':
      return yield* slotFor(key, work)
    case 'scope':
      return yield* areaFor({ kind, key }, work)
    case 'lock':
    case 'claim': {
      const turn = yield* leaseFor(kind, key, work)
      const isFree = kind === 'lock' && !(yield* activeLease(kind, key, work))
      return isFree && turn.ready.length > 0 ? yield* areaFor({ kind, key }, work) : turn
    }
  }
}

function linesOf(rows: readonly WaitRow[]): Iterable<[WaitRow, ...WaitRow[]]> {
  const lines = new Map<string, [WaitRow, ...WaitRow[]]>()
  for (const row of rows) {
    const name = `${row.kind} ${row.key}`
    const line = lines.get(name)
    if (line) line.push(row)
    else lines.set(name, [row])
  }
  return lines.values()
}

/** A free lease goes to the first of its line; who holds it already gets it as well. */
function* leaseFor(noun: Noun, key: string, work: Work): Rule<Turn> {
  const line = yield* lineFor({ kind: noun, key })
  const holder = yield* activeLease(noun, key, work)
  if (holder) {
    const own = line.filter((row) => row.agent_id === ownerOf(holder))
    return { ready: own.map(({ place }) => place), nextInMs: untilFree(holder, work) }
  }
  const next = line.find((row) => isLive(row, work))
  return next ? { ready: [next.place], nextInMs: untilLapse(next, work) } : { ready: [], nextInMs: NEVER }
}

/** The first of the line gets a scope, or a lock that nobody holds, if nothing that meets it is in the way. */
function* areaFor(at: { kind: 'scope' | 'lock'; key: string }, work: Work): Rule<Turn> {
  const next = (yield* lineFor(at)).find((row) => isLive(row, work))
  if (!next) return { ready: [], nextInMs: NEVER }
  const area = areaOfWait(next)
  const held = at.kind === 'lock' ? yield* scopesInTheWay(area, work) : yield* heldInTheWay(area, work)
  if (held.length > 0)
    return { ready: [], nextInMs: Math.min(...held.map((lease) => untilFree(lease, work))) }
  const kinds = at.kind === 'lock' ? (['scope'] as const) : (['scope', 'lock'] as const)
  const isBehind = yield* isBehindOthers(area, kinds, next.place, work)
  return { ready: isBehind ? [] : [next.place], nextInMs: untilLapse(next, work) }
}

/** The first of the line gets a slot that has room for it; who holds it already gets it as well. */
function* slotFor(name: string, work: Work): Rule<Turn> {
  const line = yield* lineFor({ kind: 'slot', key: name })
  const holders = yield* slotHolders(name, work)
  const ready = line.filter((row) => holders.some(({ agent_id }) => agent_id === row.agent_id))
  const next = line.find((row) => isLive(row, work))
  if (next && hasRoom(holders, next.capacity ?? 1)) ready.push(next)
  const times = [...holders.map((row) => untilFree(row, work)), next ? untilLapse(next, work) : NEVER]
  return { ready: ready.map(({ place }) => place), nextInMs: Math.min(...times) }
}

/** Each task goes to the first that it fits. A claim that expires is noticed at the next renewal. */
function* tasksFor(line: readonly WaitRow[], work: Work): Rule<Turn> {
  const wanted = wantsOf(line[0]?.key ?? '')
  const free = yield* all('task.free', {
    ...wanted,
    now: nowOf(work),
    seenMs: seenSince(work),
    limit: MOST_TASKS,
  })
  const ready: number[] = []
  for (const { place, agent_id } of line) {
    const i = free.findIndex(({ to_agent }) => to_agent === null || to_agent === agent_id)
    if (i === -1) continue
    free.splice(i, 1)
    ready.push(place)
  }
  return { ready, nextInMs: NEVER }
}

/** A lease is held through its last second. */
function untilFree({ expires_at }: Pick<LeaseRow, 'expires_at'>, { nowMs }: Work): number {
  const leftMs = Date.parse(expires_at) + 1_000 - nowMs
  return Number.isNaN(leftMs) ? NEVER : Math.max(0, leftMs)
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
