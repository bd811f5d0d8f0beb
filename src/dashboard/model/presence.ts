// Who is here. `waiting`: blocked in a long-poll or stream, so that a message reaches it at once. `live`: has a session
// and is at work. `gone`: its session has ended; remembered for a while, so that one sees who left. Pure.

import type { Session } from '../../protocol/objects.js'

export type PresenceState = 'live' | 'waiting' | 'gone'

export interface Person {
  readonly session: Session
  readonly state: PresenceState
}

/** Those who left, remembered at most. */
const MAX_GONE = 12

/** Those who were there before and are no longer, the latest first. */
export function goneAfter(
  gone: readonly Session[],
  before: readonly Session[],
  now: readonly Session[],
): readonly Session[] {
  const present = new Set(now.map((session) => session.agent_id))
  const left = before.filter((session) => !present.has(session.agent_id))
  const leftIds = new Set(left.map((session) => session.agent_id))
  const earlier = gone.filter(({ agent_id: id }) => !present.has(id) && !leftIds.has(id))
  return [...left, ...earlier].slice(0, MAX_GONE)
}

export function peopleOf(
  sessions: readonly Session[],
  gone: readonly Session[],
  waiting: ReadonlySet<string>,
): Person[] {
  return [
    ...sessions.map((session) => ({
      session,
      state: waiting.has(session.agent_id) ? ('waiting' as const) : ('live' as const),
    })),
    ...gone.map((session) => ({ session, state: 'gone' as const })),
  ]
}
