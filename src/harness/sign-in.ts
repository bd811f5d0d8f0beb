// How a harness's agent comes into the room, and what its model is told of itself then.

import { namesFor } from '../agent-name.js'
import { crypto } from '../crypto.js'
import type { Program } from '../harness-process.js'
import type { Session } from '../protocol/objects.js'
import { shortened } from '../quoting.js'
import type { HubCalls } from './hub-call.js'

/** A session without a process that the hub sees lives so long without a call. */
const PRESENCE_TTL_SEC = 3_600
const MOST_NAMED = 12

export interface Newcomer {
  readonly harness: string
  /** The harness's own session. */
  readonly session: string
  /** The folder of its project, after which an agent without a name is named. */
  readonly folder: string
  readonly named: string | undefined
  readonly process: Program | undefined
}

/**
 * Opens the agent's session, or takes it up. Some harnesses call two hooks at once as they start: by its key, the second
 * request for a new name gets the first one's answer, so both are one agent.
 *
 * @throws Error if the hub refuses every name
 */
export async function signIn(
  hub: HubCalls,
  { harness, session, folder, named, process }: Newcomer,
): Promise<{ agentId: string; sessionId: string }> {
  const own = { harness, presence_ttl_sec: PRESENCE_TTL_SEC, ...(process && { process }) }
  for (const agent_id of named === undefined ? namesFor(harness, folder) : [named]) {
    const body = { agent_id, reuse: named !== undefined, ...own }
    const key = crypto()
      .createHash('sha256')
      .update(JSON.stringify([session, body]))
      .digest('hex')
    const { status, envelope } = await hub.post<Session>(
      '/v1/sessions',
      body,
      named === undefined ? key : undefined,
    )
    if (status === 409 && named === undefined) continue // another agent's name
    if (!envelope.ok || !envelope.result) break
    return { agentId: agent_id, sessionId: envelope.result.session_id }
  }
  throw new Error('no session')
}

/** Who the agent is, who else is here, and how it writes to them. */
export async function introduction(hub: HubCalls, agentId: string): Promise<string> {
  const { envelope } = await hub.get<Session[]>('/v1/agents')
  const others = (envelope.result ?? []).map((session) => session.agent_id).filter((id) => id !== agentId)
  const shown = others.slice(0, MOST_NAMED).map((id) => shortened(id))
  const here = shown.length === 0 ? 'nobody else is here now' : `here now: ${shown.join(', ')}`
  const agent = shortened(agentId)
  return `Arc: this session is agent ${agent} in the room that the coding agents of this machine share; ${here}. Messages of other agents appear here as they come. Writing to one goes by: arc post --agent ${agent} --to NAME "TEXT"; to all: arc post --agent ${agent} "TEXT"; more: arc --help`
}
