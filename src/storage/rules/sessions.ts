// Sessions and presence (PROTOCOL §3). An agent has at most one active session.
//
//   (none) ─open─▶ active ─close, or open with replace─▶ ended
//                  active ─no sign of life for the presence TTL, or its process ends─▶ ended, and its leases
//                                                                                      released (recovery.ts)
//
// No request reads ended sessions. The newest stay for people who look into the file.

import { randomUUID } from 'node:crypto'
import { ArcError, notFound } from '../../protocol/errors.js'
import { DEFAULT_CHANNEL } from '../../protocol/limits.js'
import type { Bootstrap, Session } from '../../protocol/objects.js'
import type { BoundSessions } from '../backend.js'
import type { Commands } from '../commands.js'
import { done, made } from '../outcome.js'
import { presentSession, toSession } from './agent-rows.js'
import { beginMailbox } from './mailboxes.js'
import { latestVisibleId } from './messages.js'
import { endSession, expireSessions } from './recovery.js'
import { all, one, type Rule, run } from './sql.js'
import type { BoundSession, SessionExtras } from './statements.js'
import type { CommandRules, QueryRules } from './tables.js'
import { nowOf, secondsAhead, unseen, type Work } from './work.js'

const KEPT_ENDED = 10_000
/** Rows deleted at once: a large backlog must not hold up commits. */
const FORGET_LIMIT = 5_000

/** Looks at the active sessions that share the life of a process here. */
export function* lookAtBound(work: Work): Rule<BoundSessions> {
  const { processes, presenceTtlSec } = work
  const bound = yield* all('session.bound', { place: processes.place })
  const isRunning = ({ pid, process_mark }: BoundSession) => processes.isRunning(pid, process_mark)
  const isDue = ({ last_seen, presence_ttl_sec }: BoundSession) =>
    last_seen < secondsAhead(work, -(presence_ttl_sec ?? presenceTtlSec) / 3)
  return {
    ended: bound.filter((session) => !isRunning(session)).map((session) => session.session_id),
    due: bound.filter((session) => isRunning(session) && isDue(session)).map((session) => session.agent_id),
  }
}

/** Marks the agents' active sessions as seen now. */
export function* touchSessions(agentIds: readonly string[], work: Work): Rule<void> {
  if (agentIds.length > 0)
    yield* run('session.touch', { agentIds: JSON.stringify(agentIds), now: nowOf(work) })
}

/** Whether `sessions.expire` would end a session. */
export function* hasExpired(work: Work): Rule<boolean> {
  return (yield* one('session.expired', unseen(work))) !== undefined
}

/** Deletes ended sessions except the newest. True if there may be more. */
export function* forgetSessions(): Rule<boolean> {
  const { changes } = yield* run('session.forget', { keep: KEPT_ENDED, limit: FORGET_LIMIT })
  return changes === FORGET_LIMIT
}

/** The active sessions, by agent id. */
export function* live(work: Work): Rule<Session[]> {
  return (yield* all('session.live', unseen(work))).map(toSession)
}

/** A process that is not seen here is left out: the session then lives by signs of life alone. */
function extrasOf(input: Commands['session.open'], { processes }: Work): Omit<SessionExtras, 'session_id'> {
  const process_mark = (input.process && processes.markOf(input.process)) ?? null
  const process = process_mark === null ? undefined : input.process
  return {
    presence_ttl_sec: input.presence_ttl_sec ?? null,
    harness: input.harness ?? null,
    pid: process?.pid ?? null,
    process_started_at: process?.started_at ?? null,
    process_mark,
  }
}

export const sessionCommands = {
  *'session.open'(input, work) {
    const { agent_id: agentId } = input
    const current = yield* presentSession(agentId, work)
    if (current && input.reuse) return done(toSession(current))
    if (current && !input.replace) {
      const text = `agent "${agentId}" already has an active session; use another agent_id, or replace: true if it is yours`
      throw new ArcError('session_exists', text)
    }
    yield* run('session.deactivate', { agentId })
    const now = nowOf(work)
    const row = {
      session_id: randomUUID(),
      agent_id: agentId,
      display_name: input.display_name ?? agentId,
      capabilities_json: JSON.stringify(input.capabilities),
      metadata_json: input.metadata,
      created_at: now,
      last_seen: now,
    }
    yield* run('session.insert', row)
    const extras = extrasOf(input, work)
    if (Object.values(extras).some((value) => value !== null)) {
      yield* run('session.insertExtras', { session_id: row.session_id, ...extras })
    }
    yield* beginMailbox(agentId)
    return made(toSession({ ...row, ...extras, active: 1 }))
  },
  *'session.alive'({ agent_id: agentId }, work) {
    const session = yield* presentSession(agentId, work)
    if (!session) throw notFound(`agent "${agentId}" has no active session; open one: POST /v1/sessions`)
    return done(toSession(session))
  },
  *'session.rename'({ agent_id: agentId, display_name: displayName }) {
    yield* run('session.rename', { agentId, displayName })
    const session = yield* one('session.ofAgent', { agentId })
    if (!session) throw notFound(`agent "${agentId}" has no active session`)
    return done(toSession(session))
  },
  *'session.close'({ session_id: sessionId }) {
    const { changes } = yield* run('session.close', { sessionId })
    if (changes === 0) throw notFound(`session "${sessionId}" does not exist or is not active`)
    return done({ session_id: sessionId, deleted: true })
  },
  *'sessions.expire'(_input, work) {
    yield* expireSessions(work)
    return done(null)
  },
  *'sessions.end'({ sessionIds }, work) {
    for (const sessionId of sessionIds) {
      const session = yield* one('session.active', { sessionId })
      if (session) yield* endSession(session.ref, session.agent_id, work)
    }
    return done(null)
  },
  *'sessions.spare'({ suspendedAtMs }, work) {
    yield* run('session.touchAll', { ...unseen({ ...work, nowMs: suspendedAtMs }), seenAt: nowOf(work) })
    return done(null)
  },
} satisfies Partial<CommandRules>

export const sessionQueries = {
  *'agents.list'({ capability }, work) {
    const sessions = yield* live(work)
    return done(
      capability === undefined ? sessions : sessions.filter((s) => s.capabilities.includes(capability)),
    )
  },
  *'agents.bootstrap'({ agent_id }, work) {
    const sessions = yield* live(work)
    const answer: Bootstrap = {
      agent_id,
      session: sessions.find((session) => session.agent_id === agent_id) ?? null,
      latest_visible_id: yield* latestVisibleId(agent_id),
      live_agents: sessions,
      default_channel: DEFAULT_CHANNEL,
    }
    return done(answer)
  },
} satisfies Partial<QueryRules>
