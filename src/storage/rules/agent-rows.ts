// Reads what is stored of one agent: its sessions, and how far its mailbox is.

import type { Recipient, Session } from '../../protocol/objects.js'
import { parseJson } from './json.js'
import { one, type Rule } from './sql.js'
import type { MailboxRow, SessionRow } from './statements.js'
import { presentSince, type Work } from './work.js'

export function toSession({ capabilities_json, metadata_json, ...row }: SessionRow): Session {
  return {
    session_id: row.session_id,
    agent_id: row.agent_id,
    display_name: row.display_name ?? row.agent_id,
    capabilities: parseJson<string[]>(capabilities_json, []),
    metadata: parseJson(metadata_json, {}),
    created_at: row.created_at,
    last_seen: row.last_seen,
    active: row.active === 1,
    ...(row.presence_ttl_sec !== null && { presence_ttl_sec: row.presence_ttl_sec }),
    ...(row.harness !== null && { harness: row.harness }),
    ...(row.pid !== null &&
      row.process_started_at !== null && { process: { pid: row.pid, started_at: row.process_started_at } }),
  }
}

/** The agent's newest session, active or ended. */
export function lastSession(agentId: string): Rule<SessionRow | undefined> {
  return one('session.lastOfAgent', { agentId })
}

/** Whether a session is active and has not expired. */
export function isPresent(session: SessionRow, work: Work): boolean {
  return session.active === 1 && session.last_seen >= presentSince(work, session.presence_ttl_sec)
}

/** The agent's active session, unless it has expired and is not ended yet. */
export function* presentSession(agentId: string, work: Work): Rule<SessionRow | undefined> {
  const current = yield* one('session.ofAgent', { agentId })
  return current && isPresent(current, work) ? current : undefined
}

/** The mailbox of an agent that never had a session may exist: addressed messages wait in it. */
export function* findMailbox(agentId: string): Rule<MailboxRow> {
  const found = yield* one('mailbox.find', { agentId })
  return (
    found ?? {
      agent_id: agentId,
      begun_id: null,
      ambient_id: 0,
      ambient_offered_id: 0,
      unread: 0,
      last_shown_id: null,
    }
  )
}

/** How far an agent has come, for the sender of a direct message. */
export function* recipientOf(agentId: string, work: Work): Rule<Recipient> {
  const mailbox = yield* findMailbox(agentId)
  const session = yield* lastSession(agentId)
  return {
    agent_id: agentId,
    known: mailbox.begun_id !== null || session !== undefined,
    present: session !== undefined && isPresent(session, work),
    last_seen: session?.last_seen ?? null,
    unread: mailbox.unread,
    last_shown_id: mailbox.last_shown_id,
  }
}
