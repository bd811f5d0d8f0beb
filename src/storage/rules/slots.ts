// Slots (PROTOCOL §19): leases that several agents hold at a time, up to a capacity. The smallest capacity counts that one of
// the holders, or the agent that asks, has given: an agent that asked to be alone stays alone.
//
// Only active holdings have a row. A released one is deleted, an expired one with the next acquire.

import { ArcError, invalid, notFound } from '../../protocol/errors.js'
import type { Slot } from '../../protocol/objects.js'
import type { Commands, Wait } from '../commands.js'
import { type Done, done, made } from '../outcome.js'
import { newFence } from './fences.js'
import { tellSlot } from './lease-notices.js'
import { all, type Rule, run } from './sql.js'
import type { SlotRow } from './statements.js'
import type { CommandRules, QueryRules } from './tables.js'
import { isNext, join, leave, lineFor, stepAside, waitingByKey, waitingIn } from './waits.js'
import { nowOf, secondsAhead, type Work } from './work.js'

function toSlot({ fence: _, ...row }: SlotRow): Slot {
  return row
}

/** The active holdings of a slot; first those that end first. */
export function slotHolders(name: string, work: Work): Rule<SlotRow[]> {
  return all('slot.holders', { name, now: nowOf(work) })
}

/** Whether another agent may hold the slot beside these. */
export function hasRoom(holders: readonly SlotRow[], capacity: number): boolean {
  return holders.length < Math.min(capacity, ...holders.map((row) => row.capacity))
}

function* acquire(input: Commands['slot.acquire'], work: Work): Rule<Done> {
  const { name, agent_id: agentId, capacity, ttl_sec, fence: given, wait } = input
  const now = nowOf(work)
  yield* run('slot.forget', { name, now })
  const holders = yield* slotHolders(name, work)
  const own = holders.find((row) => row.agent_id === agentId)
  mustBeNewest(name, own, given)
  const line = yield* lineFor({ kind: 'slot', key: name })
  if (!own && !(hasRoom(holders, capacity) && isNext(line, agentId, work)))
    return yield* refuse(input, holders, wait, work)
  const fence = own?.fence ?? (yield* newFence('slot', JSON.stringify([name, agentId])))
  const acquired_at = own?.acquired_at ?? now
  const row = {
    name,
    agent_id: agentId,
    capacity,
    acquired_at,
    expires_at: secondsAhead(work, ttl_sec),
    fence,
  }
  yield* run('slot.hold', row)
  yield* leave(line, agentId)
  return made(toSlot(row), { acquired: true, fence })
}

function* refuse(
  { name, agent_id: agentId, capacity }: Commands['slot.acquire'],
  holders: readonly SlotRow[],
  wait: Wait | undefined,
  work: Work,
): Rule<Done> {
  const at = { kind: 'slot', key: name } as const
  const line = yield* lineFor(at)
  const place = wait === 'join' ? yield* join(at, line, agentId, work, capacity) : undefined
  if (wait === 'last') yield* stepAside(line, agentId)
  const [first] = holders
  const beside = {
    acquired: false,
    fence: first?.fence ?? null,
    holders: holders.map(toSlot),
    waiting: waitingIn(yield* lineFor(at), work),
  }
  return { ...done(first ? toSlot(first) : null, beside), place, isPassing: place !== undefined }
}

function* refresh(input: Commands['slot.refresh'], work: Work): Rule<Done> {
  const { name, agent_id: agentId, ttl_sec, fence } = input
  const own = yield* mustHold(name, agentId, fence, work)
  const row = { ...own, expires_at: secondsAhead(work, ttl_sec) }
  yield* run('slot.hold', row)
  return done(toSlot(row), { acquired: true, fence: own.fence })
}

function* release(input: Commands['slot.release'], work: Work): Rule<Done> {
  const { name, agent_id: agentId, by_operator, fence } = input
  const holder = by_operator ? yield* holderToRelease(input, work) : agentId
  const own = yield* mustHold(name, holder, fence, work)
  yield* run('slot.release', { name, agentId: holder })
  if (holder !== agentId) {
    const told = {
      holder,
      told: (what: string) => `${agentId} released the ${what} of ${holder}; it may be taken.`,
      toldHolder: (what: string) => `${agentId} released your ${what}: stop what you do under it.`,
      metadata: { by_operator: true, released_by: agentId, holder },
    }
    yield* tellSlot(told, name, work)
  }
  return done({ ...toSlot(own), released_at: nowOf(work) })
}

/** @throws ArcError 400 if several agents hold the slot and none is named */
function* holderToRelease(
  { name, agent_id: agentId, holder }: Commands['slot.release'],
  work: Work,
): Rule<string> {
  if (holder !== undefined) return holder
  const holders = (yield* slotHolders(name, work)).map((row) => row.agent_id)
  const [only] = holders
  if (only === undefined) throw notFound(`nobody holds the slot "${name}"`)
  if (holders.length === 1 || holders.includes(agentId)) return holders.includes(agentId) ? agentId : only
  throw invalid(`holder is required: ${holders.join(', ')} hold the slot "${name}"`)
}

function* mustHold(name: string, agentId: string, fence: number | undefined, work: Work): Rule<SlotRow> {
  const own = (yield* slotHolders(name, work)).find((row) => row.agent_id === agentId)
  mustBeNewest(name, own, fence)
  if (own) return own
  throw notFound(`${agentId} does not hold the slot "${name}"; acquire it first`)
}

/** @throws ArcError `stale_fence` */
function mustBeNewest(name: string, own: SlotRow | undefined, given: number | undefined): void {
  if (given === undefined || given === own?.fence) return
  const text = `the fence ${given} of the slot "${name}" is old: that holding has ended; nothing was done, acquire the slot again before you go on`
  const beside = { holder: own ? toSlot(own) : null, fence: own?.fence ?? null }
  throw new ArcError('stale_fence', text, { beside })
}

/** The active holdings of an agent. */
export function* slotsOf(agentId: string, work: Work): Rule<Slot[]> {
  return (yield* all('slot.list', { agentId, now: nowOf(work) })).map(toSlot)
}

/** Releases the holdings of an agent, and calls `released` with the name of each. */
export function* releaseSlots(
  agentId: string,
  work: Work,
  released: (name: string) => Rule<void>,
): Rule<void> {
  for (const { name } of yield* slotsOf(agentId, work)) {
    yield* run('slot.release', { name, agentId })
    yield* released(name)
  }
}

export const slotCommands = {
  'slot.acquire': acquire,
  'slot.refresh': refresh,
  'slot.release': release,
} satisfies Partial<CommandRules>

export const slotQueries = {
  *'slots.list'({ name, agent_id: agentId }, work) {
    const rows = yield* all('slot.list', { name, agentId, now: nowOf(work) })
    const lines = yield* waitingByKey('slot', work)
    return done(rows.map((row) => ({ ...toSlot(row), waiting: lines.get(row.name) ?? [] })))
  },
} satisfies Partial<QueryRules>
