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
}

export interface LineStatements {
  'fence.find': Statement<{ kind: string; key: string }, { fence: number }>

  /** Every row of a line, by place. */
  'wait.line': Statement<{ kind: WaitKind; key: string }, WaitRow>
  /** `places` is a JSON list, here and below. */
  'wait.at': Statement<{ places: string }, WaitRow>
  /** The live rows of a kind, by place. */
  'wait.live': Statement<{ kind: WaitKind; seenMs: number }, WaitRow>
  'wait.ofAgent': Statement<{ agentId: string; seenMs: number }, WaitRow>
  'wait.insert': Statement<{ kind: WaitKind; key: string; agentId: string; since: string; nowMs: number }>
  'wait.renew': Statement<{ places: string; nowMs: number }>
  'wait.away': Statement<{ places: string }>
  'wait.delete': Statement<{ place: number }>
  'wait.forget': Statement<{ before: number }>
}
