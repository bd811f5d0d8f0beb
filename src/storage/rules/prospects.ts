// What requests that wait may expect (PROTOCOL §19): which of them should ask again. A door asks for all of its requests at
// once, and renews their places once a second.

import type { Prospects } from '../commands.js'
import { done } from '../outcome.js'
import { activeLease, type LeaseRow, type Noun, ownerOf } from './lease-rows.js'
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
  for (const [first, ...others] of linesOf(rows)) {
    const turn =
      first.kind === 'task'
        ? yield* tasksFor([first, ...others], work)
        : yield* leaseFor(first.kind, first.key, work)
    ready.push(...turn.ready.filter((place) => known.has(place)))
    nextInMs = Math.min(nextInMs, turn.nextInMs)
  }
  return { ready, nextInMs: nextInMs === NEVER ? null : nextInMs }
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
function untilFree({ expires_at }: LeaseRow, { nowMs }: Work): number {
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
