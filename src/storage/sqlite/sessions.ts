// Sessions and presence (PROTOCOL §3). An agent has at most one active session.

import { randomUUID } from 'node:crypto'
import { success } from '../../protocol/envelope.js'
import { ArcError, notFound } from '../../protocol/errors.js'
import { DEFAULT_CHANNEL } from '../../protocol/limits.js'
import type { Bootstrap, Session } from '../../protocol/objects.js'
import type { CommandHandlers } from '../commands.js'
import { allOf } from './bounded.js'
import { nowSeconds, parseJson, type SqliteContext, secondsAhead } from './context.js'
import type { Messages } from './messages.js'
import type { Recovery } from './recovery.js'

export interface SessionRow {
  session_id: string
  agent_id: string
  display_name: string | null
  capabilities_json: string | null
  metadata_json: string | null
  created_at: string
  last_seen: string
  active: number
}

function toSession({ capabilities_json, metadata_json, ...row }: SessionRow): Session {
  return {
    session_id: row.session_id,
    agent_id: row.agent_id,
    display_name: row.display_name ?? row.agent_id,
    capabilities: parseJson<string[]>(capabilities_json, []),
    metadata: parseJson(metadata_json, {}),
    created_at: row.created_at,
    last_seen: row.last_seen,
    active: row.active === 1,
  }
}

export class Sessions {
  readonly #messages: Messages
  readonly #recovery: Recovery
  readonly #presenceTtlSec: number
  readonly #ofAgent
  readonly #live
  readonly #insert
  readonly #deactivate
  readonly #close
  readonly #rename
  readonly #touch

  constructor({ db, presenceTtlSec }: SqliteContext, messages: Messages, recovery: Recovery) {
    this.#messages = messages
    this.#recovery = recovery
    this.#presenceTtlSec = presenceTtlSec
    this.#ofAgent = db.prepare<[string], SessionRow>(
      'SELECT * FROM sessions WHERE agent_id = ? AND active = 1 ORDER BY created_at DESC LIMIT 1',
    )
    this.#live = db.prepare<[], SessionRow>('SELECT * FROM sessions WHERE active = 1 ORDER BY agent_id')
    this.#insert = db.prepare(
      `INSERT INTO sessions (session_id, agent_id, display_name, capabilities_json, metadata_json, created_at, last_seen, active)
       VALUES (?, ?, ?, ?, ?, ?, ?, 1)`,
    )
    this.#deactivate = db.prepare('UPDATE sessions SET active = 0 WHERE agent_id = ? AND active = 1')
    this.#close = db.prepare('UPDATE sessions SET active = 0 WHERE session_id = ? AND active = 1')
    this.#rename = db.prepare('UPDATE sessions SET display_name = ? WHERE agent_id = ? AND active = 1')
    this.#touch = db.prepare(
      'UPDATE sessions SET last_seen = ? WHERE active = 1 AND agent_id IN (SELECT value FROM json_each(?))',
    )
  }

  /** Marks the agents' active sessions as seen now. */
  touch(agentIds: readonly string[]): void {
    if (agentIds.length > 0) this.#touch.run(nowSeconds(), JSON.stringify(agentIds))
  }

  live(): Session[] {
    this.#recovery.expireSessions()
    return allOf(this.#live.iterate()).map(toSession)
  }

  readonly commands = {
    'session.open': (input) => {
      const current = this.#ofAgent.get(input.agent_id)
      if (current && !input.replace && current.last_seen >= secondsAhead(-this.#presenceTtlSec)) {
        const text = `agent "${input.agent_id}" already has an active session; use another agent_id, or replace: true if it is yours`
        throw new ArcError('session_exists', text)
      }
      this.#deactivate.run(input.agent_id)
      const id = randomUUID()
      const now = nowSeconds()
      const displayName = input.display_name ?? input.agent_id
      this.#insert.run(
        id,
        input.agent_id,
        displayName,
        JSON.stringify(input.capabilities),
        input.metadata,
        now,
        now,
      )
      return success(201, toSession(this.#ofAgent.get(input.agent_id) as SessionRow))
    },
    'session.rename': ({ agent_id, display_name }) => {
      if (this.#rename.run(display_name, agent_id).changes === 0)
        throw notFound(`agent "${agent_id}" has no active session`)
      return success(200, toSession(this.#ofAgent.get(agent_id) as SessionRow))
    },
    'session.close': ({ session_id }) => {
      if (this.#close.run(session_id).changes === 0)
        throw notFound(`session "${session_id}" does not exist or is not active`)
      return success(200, { session_id, deleted: true })
    },
    'agents.list': ({ capability }) => {
      const live = this.live()
      return success(
        200,
        capability === undefined ? live : live.filter((session) => session.capabilities.includes(capability)),
      )
    },
    'agents.bootstrap': ({ agent_id }) => {
      const live = this.live()
      const answer: Bootstrap = {
        agent_id,
        session: live.find((session) => session.agent_id === agent_id) ?? null,
        latest_visible_id: this.#messages.latestVisibleId(agent_id),
        live_agents: live,
        default_channel: DEFAULT_CHANNEL,
      }
      return success(200, answer)
    },
    'sessions.expire': () => {
      this.#recovery.expireSessions()
      return success(200, null)
    },
  } satisfies Partial<CommandHandlers>
}
