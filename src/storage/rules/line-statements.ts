// The statements of fences, and of the lines of agents that wait (PROTOCOL §19), as a part of `statements.ts`.

import type { WaitKind } from '../commands.js'
import type { Statement } from './statement.js'

/** A place in a line of agents that wait (waits.ts). */
export interface WaitRow {
  place: number
  kind: WaitKind
  key: string
  agent_id: string
  since: string
  /** Epoch milliseconds of the last renewal. */
  seen_ms: number
  is_away: number
  /** With which an agent asks for a slot. */
  capacity: number | null
}

/** An agent's holding of a slot. */
export interface SlotRow {
  name: string
  agent_id: string
  capacity: number
  acquired_at: string
  expires_at: string
  fence: number
}

/** An active scope. */
export interface ScopeRow {
  scope_id: number
  agent_id: string
  globs_json: string
  mode: string
  reason: string | null
  acquired_at: string
  expires_at: string
  metadata_json: string
}

export interface LineStatements {
  'fence.find': Statement<{ kind: string; key: string }, { fence: number }>
  'fence.insert': Statement<{ kind: string; key: string | null }>
  'fence.delete': Statement<{ kind: string; key: string }>

  /** The active scopes, by id. */
  'scope.list': Statement<{ agentId?: string | undefined; now: string }, ScopeRow>
  'scope.find': Statement<{ scopeId: number; now: string }, ScopeRow>
  /** The agent's scope of the same globs and mode. */
  'scope.same': Statement<{ agentId: string; mode: string; globs: string }, ScopeRow>
  'scope.insert': Statement<ScopeRow>
  'scope.extend': Statement<{ scopeId: number; expiresAt: string }>
  'scope.release': Statement<{ scopeId: number }>
  /** Deletes the expired scopes. */
  'scope.forget': Statement<{ now: string }>

  /** The active holdings, by the time of their end. */
  'slot.holders': Statement<{ name: string; now: string }, SlotRow>
  /** The active holdings, by name and agent. */
  'slot.list': Statement<{ name?: string | undefined; agentId?: string | undefined; now: string }, SlotRow>
  /** Takes or changes a holding. */
  'slot.hold': Statement<SlotRow>
  'slot.release': Statement<{ name: string; agentId: string }>
  /** Deletes the expired holdings. */
  'slot.forget': Statement<{ name: string; now: string }>

  /** Every row of a line, by place. */
  'wait.line': Statement<{ kind: WaitKind; key: string }, WaitRow>
  /** `places` is a JSON list, here and below. */
  'wait.at': Statement<{ places: string }, WaitRow>
  /** The live rows of a kind, by place. */
  'wait.live': Statement<{ kind: WaitKind; seenMs: number }, WaitRow>
  'wait.ofAgent': Statement<{ agentId: string; seenMs: number }, WaitRow>
  'wait.insert': Statement<{
    kind: WaitKind
    key: string
    agentId: string
    since: string
    nowMs: number
    capacity: number | null
  }>
  'wait.rejoin': Statement<{ place: number; nowMs: number; capacity: number | null }>
  'wait.renew': Statement<{ places: string; nowMs: number }>
  'wait.away': Statement<{ places: string }>
  'wait.delete': Statement<{ place: number }>
  'wait.forget': Statement<{ before: number }>
}
