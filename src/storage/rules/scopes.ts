// Scopes (PROTOCOL §19): leases of all paths that some globs match, exclusive or shared. Only active scopes have a row: a
// released one is deleted, an expired one with the next acquire.

import { notFound } from '../../protocol/errors.js'
import type { Lock, Scope } from '../../protocol/objects.js'
import type { Commands } from '../commands.js'
import { type Done, done, made } from '../outcome.js'
import { newFence } from './fences.js'
import { tellScope } from './lease-notices.js'
import { activeLease, toLease } from './lease-rows.js'
import {
  areaOfGlobs,
  areaOfPath,
  heldInTheWay,
  type InTheWay,
  isBehindOthers,
  meetsOf,
  scopeKey,
  toScope,
} from './scope-conflicts.js'
import { all, one, type Rule, run } from './sql.js'
import type { ScopeRow } from './statements.js'
import type { CommandRules, QueryRules } from './tables.js'
import { join, leave, lineFor, stepAside, waitingByKey, waitingIn } from './waits.js'
import { nowOf, secondsAhead, type Work } from './work.js'

function* acquire(input: Commands['scope.acquire'], work: Work): Rule<Done> {
  const { agent_id: agentId, mode, ttl_sec } = input
  const globs = [...new Set(input.globs)]
  const now = nowOf(work)
  const expires_at = secondsAhead(work, ttl_sec)
  yield* run('scope.forget', { now })
  const globs_json = JSON.stringify(globs)
  const own = yield* one('scope.same', { agentId, mode, globs: globs_json })
  if (own) {
    yield* run('scope.extend', { scopeId: own.scope_id, expiresAt: expires_at })
    return made(toScope({ ...own, expires_at }), { acquired: true, fence: own.scope_id })
  }
  const at = { kind: 'scope', key: scopeKey(mode, globs) } as const
  const line = yield* lineFor(at)
  const place = line.find((row) => row.agent_id === agentId)?.place ?? Number.POSITIVE_INFINITY
  const area = areaOfGlobs(agentId, mode, globs)
  const inTheWay = yield* heldInTheWay(area, work)
  if (inTheWay.length > 0 || (yield* isBehindOthers(area, ['scope', 'lock'], place, work)))
    return yield* refuse(input, at, inTheWay, work)
  yield* leave(line, agentId)
  const scope_id = yield* newFence('scope', null)
  const { reason = null, metadata: metadata_json } = input
  const row = {
    scope_id,
    agent_id: agentId,
    globs_json,
    mode,
    reason,
    acquired_at: now,
    expires_at,
    metadata_json,
  }
  yield* run('scope.insert', row)
  return made(toScope(row), { acquired: true, fence: scope_id })
}

function* refuse(
  { agent_id: agentId, wait }: Commands['scope.acquire'],
  at: { kind: 'scope'; key: string },
  inTheWay: readonly InTheWay[],
  work: Work,
): Rule<Done> {
  const line = yield* lineFor(at)
  const place = wait === 'join' ? yield* join(at, line, agentId, work) : undefined
  if (wait === 'last') yield* stepAside(line, agentId)
  const beside = {
    acquired: false,
    holders: inTheWay.map(({ lease }) => lease),
    waiting: waitingIn(yield* lineFor(at), work),
  }
  return { ...done(null, beside), place, isPassing: place !== undefined }
}

function* refresh({ scope_id, agent_id, ttl_sec }: Commands['scope.refresh'], work: Work): Rule<Done> {
  const own = yield* mustBeHeld(scope_id, agent_id, work)
  const expires_at = secondsAhead(work, ttl_sec)
  yield* run('scope.extend', { scopeId: scope_id, expiresAt: expires_at })
  return done(toScope({ ...own, expires_at }), { acquired: true, fence: scope_id })
}

function* release(input: Commands['scope.release'], work: Work): Rule<Done> {
  const { scope_id, agent_id: agentId, by_operator } = input
  const scope = toScope(yield* mustBeHeld(scope_id, agentId, work, by_operator))
  yield* run('scope.release', { scopeId: scope_id })
  const { agent_id: holder } = scope
  if (holder !== agentId) {
    const told = {
      holder,
      told: (what: string) => `${agentId} released the ${what} of ${holder}; it may be taken.`,
      toldHolder: (what: string) => `${agentId} released your ${what}: stop what you do under it.`,
      metadata: { by_operator: true, released_by: agentId, holder },
    }
    yield* tellScope(told, scope, work)
  }
  return done({ ...scope, released_at: nowOf(work) })
}

function* mustBeHeld(scopeId: number, agentId: string, work: Work, byAny = false): Rule<ScopeRow> {
  const row = yield* one('scope.find', { scopeId, now: nowOf(work) })
  if (row && (byAny || row.agent_id === agentId)) return row
  throw notFound(
    `${byAny ? 'nobody holds' : `${agentId} does not hold`} the scope ${scopeId}; acquire it first`,
  )
}

/** The active scopes of an agent. */
export function* scopesOf(agentId: string, work: Work): Rule<Scope[]> {
  return (yield* all('scope.list', { agentId, now: nowOf(work) })).map(toScope)
}

/** Releases the scopes of an agent, and calls `released` with each. */
export function* releaseScopes(
  agentId: string,
  work: Work,
  released: (scope: Scope) => Rule<void>,
): Rule<void> {
  for (const scope of yield* scopesOf(agentId, work)) {
    yield* run('scope.release', { scopeId: scope.scope_id })
    yield* released(scope)
  }
}

export const scopeCommands = {
  'scope.acquire': acquire,
  'scope.refresh': refresh,
  'scope.release': release,
} satisfies Partial<CommandRules>

export const scopeQueries = {
  *'scopes.list'({ path, agent_id: agentId }, work) {
    const rows = (yield* all('scope.list', { agentId, now: nowOf(work) })).map(toScope)
    const lines = yield* waitingByKey('scope', work)
    const scopes = rows.map((row) => ({ ...row, waiting: lines.get(scopeKey(row.mode, row.globs)) ?? [] }))
    if (path === undefined) return done(scopes)
    // Nobody's path: it meets everybody's scopes.
    const area = areaOfPath('', path)
    const covering = scopes.filter(
      (row) => meetsOf(area, areaOfGlobs(row.agent_id, row.mode, row.globs)).length > 0,
    )
    const lock = yield* activeLease('lock', path, work)
    return done(covering, { lock: lock ? toLease<Lock>(lock) : null })
  },
} satisfies Partial<QueryRules>
