// What stands in the way of a scope or a lock (PROTOCOL §19): scopes and locks of other agents that meet it, and agents that
// wait before it for something that meets it. A lock is an exclusive scope of one path.

import { type Glob, globsMeet, parseGlob, pathAsGlob } from '../../protocol/globs.js'
import type { Lock, Scope } from '../../protocol/objects.js'
import { parseJson } from './json.js'
import { toLease } from './lease-rows.js'
import { all, type Rule } from './sql.js'
import type { ScopeRow, WaitRow } from './statements.js'
import { seenSince } from './waits.js'
import { nowOf, type Work } from './work.js'

/** What an agent wants, or has. */
export interface Area {
  readonly agentId: string
  readonly isShared: boolean
  /** Each glob, or path, with its text. */
  readonly globs: readonly (readonly [text: string, glob: Glob])[]
}

/** A scope or a lock in the way, with each pair of globs that meet: that of the asking agent first. */
export interface InTheWay {
  readonly agentId: string
  readonly since: string
  readonly expires_at: string
  /** Of a scope. */
  readonly scopeId?: number
  readonly lease: ((Scope & { kind: 'scope' }) | (Lock & { kind: 'lock' })) & { meets: [string, string][] }
}

/** Globs are compared again and again, and reading one takes longer than most comparisons. */
const MOST_READ = 2_000
const read = new Map<string, Glob>()

function globOf(text: string): Glob {
  const known = read.get(text)
  if (known) return known
  if (read.size >= MOST_READ) read.clear()
  const glob = parseGlob(text)
  read.set(text, glob)
  return glob
}

export function areaOfPath(agentId: string, path: string): Area {
  return { agentId, isShared: false, globs: [[path, pathAsGlob(path)]] }
}

export function areaOfGlobs(agentId: string, mode: string, globs: readonly string[]): Area {
  return { agentId, isShared: mode === 'shared', globs: globs.map((text) => [text, globOf(text)]) }
}

export function toScope({ globs_json, metadata_json, mode, ...row }: ScopeRow): Scope {
  return {
    ...row,
    mode: mode === 'shared' ? 'shared' : 'exclusive',
    globs: parseJson<string[]>(globs_json, []),
    metadata: parseJson(metadata_json, {}),
  }
}

/** The key of the line of agents that want this scope. */
export function scopeKey(mode: string, globs: readonly string[]): string {
  return JSON.stringify([mode, ...globs])
}

/** What an agent waits for. */
export function areaOfWait({ kind, key, agent_id }: WaitRow): Area {
  if (kind === 'lock') return areaOfPath(agent_id, key)
  const [mode = '', ...globs] = JSON.parse(key) as string[]
  return areaOfGlobs(agent_id, mode, globs)
}

export function meetsOf(one: Area, other: Area): [string, string][] {
  if (one.agentId === other.agentId || (one.isShared && other.isShared)) return []
  return one.globs.flatMap(([text, glob]) =>
    other.globs
      .filter(([, theirs]) => globsMeet(glob, theirs))
      .map(([theirText]): [string, string] => [text, theirText]),
  )
}

/** The active scopes that meet an area. */
export function* scopesInTheWay(area: Area, work: Work): Rule<InTheWay[]> {
  const found: InTheWay[] = []
  for (const row of yield* all('scope.list', { now: nowOf(work) })) {
    const scope = toScope(row)
    const meets = meetsOf(area, areaOfGlobs(scope.agent_id, scope.mode, scope.globs))
    const { agent_id: agentId, acquired_at: since, expires_at, scope_id: scopeId } = scope
    const lease = { kind: 'scope' as const, ...scope, meets }
    if (meets.length > 0) found.push({ agentId, since, expires_at, scopeId, lease })
  }
  return found
}

function* locksInTheWay(area: Area, work: Work): Rule<InTheWay[]> {
  const found: InTheWay[] = []
  for (const row of yield* all('lock.list', { activeAt: nowOf(work) })) {
    const lock = toLease<Lock>(row)
    const { agent_id: agentId, locked_at: since, expires_at } = lock
    const meets = meetsOf(area, areaOfPath(agentId, lock.file_path))
    if (meets.length > 0) found.push({ agentId, since, expires_at, lease: { kind: 'lock', ...lock, meets } })
  }
  return found
}

/** All that is held in the way of an area. */
export function* heldInTheWay(area: Area, work: Work): Rule<InTheWay[]> {
  return [...(yield* scopesInTheWay(area, work)), ...(yield* locksInTheWay(area, work))]
}

/**
 * Whether another agent waits before this place for something that meets the area. An agent that waits for this one to
 * release something does not count: it would have to wait longer otherwise, and this one for ever.
 */
export function* isBehindOthers(
  area: Area,
  kinds: readonly ('scope' | 'lock')[],
  place: number,
  work: Work,
): Rule<boolean> {
  for (const kind of kinds) {
    for (const row of yield* all('wait.live', { kind, seenMs: seenSince(work) })) {
      if (row.place >= place) continue
      const ahead = areaOfWait(row)
      if (meetsOf(area, ahead).length === 0) continue
      const held = yield* heldInTheWay(ahead, work)
      if (!held.some(({ agentId }) => agentId === area.agentId)) return true
    }
  }
  return false
}

/** Whether an agent that asks for a lock, with or without a place in its line, comes after one that waits for a scope. */
export function isBehindScopes(
  path: string,
  agentId: string,
  line: readonly WaitRow[],
  work: Work,
): Rule<boolean> {
  const place = line.find((row) => row.agent_id === agentId)?.place ?? Number.POSITIVE_INFINITY
  return isBehindOthers(areaOfPath(agentId, path), ['scope'], place, work)
}
