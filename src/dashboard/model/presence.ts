// The agents' presence. `waiting`: the agent is in a long-poll or stream, so a message reaches it at once. `live`: it has a
// session and is at work. `gone`: its session has ended; the page shows it for a while. Pure.

import type { Session } from '../../protocol/objects.js'

export type PresenceState = 'live' | 'waiting' | 'gone'

export interface Person {
  readonly session: Session
  readonly state: PresenceState
}

/** The most agents that are shown as gone. */
const MAX_GONE = 12

/** The agents whose sessions have ended, the latest first. */
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
