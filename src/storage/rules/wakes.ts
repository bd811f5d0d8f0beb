// Who may be woken (PROTOCOL §18). An unread message that is addressed to an agent wakes it, unless it asks for no reply, or
// belongs to a row of messages among agents that no person has joined: two agents that answer each other would never end.
//
// Nothing is stored for it, and a post costs nothing more. The rows are counted when somebody asks, from the newest messages.

import { LOOP_GUARD_SPAN, SYSTEM_AGENT } from '../../protocol/limits.js'
import type { HeldWake, Wake } from '../../protocol/objects.js'
import type { LoopGuard } from '../commands.js'
import { done } from '../outcome.js'
import { findMailbox, lastSession } from './agent-rows.js'
import { parseJson } from './json.js'
import { latestId } from './message-log.js'
import { live } from './sessions.js'
import { all, page, type Rule } from './sql.js'
import type { Authored, MessageRow } from './statements.js'
import type { QueryRules } from './tables.js'
import type { Work } from './work.js'

/** Unread messages of one agent that are looked at. */
const MOST_UNREAD = 50
/** A person speaks as an agent with this capability. */
const PERSON = 'operator'

/** The rows of messages, each counted once a query. */
class Rows {
  readonly #guard: LoopGuard
  readonly #people = new Map<string, boolean>()
  readonly #lengths = new Map<string, number>()

  constructor(guard: LoopGuard) {
    this.#guard = guard
  }

  /** Undefined if the message may wake the agent. Any may wake a person. */
  *heldBy(agentId: string, message: MessageRow): Rule<HeldWake | undefined> {
    const { id: message_id, from_agent: author, to_agent, channel } = message
    if (author === SYSTEM_AGENT) return undefined
    if ((yield* this.#isPerson(author)) || (yield* this.#isPerson(agentId))) return undefined
    const isPair = to_agent !== null
    const most = isPair ? this.#guard.pairMessages : this.#guard.channelMessages
    const key = JSON.stringify(isPair ? ['pair', ...[author, agentId].sort()] : ['channel', channel])
    const messages =
      this.#lengths.get(key) ??
      (yield* isPair ? this.#between(author, agentId, most) : this.#in(channel, most))
    this.#lengths.set(key, messages)
    if (most === 0 || messages < most) return undefined
    return {
      agent_id: agentId,
      channel: isPair ? null : channel,
      with_agent: isPair ? author : null,
      message_id,
      messages,
    }
  }

  *#in(channel: string, limit: number): Rule<number> {
    const rows = yield* all('message.authorsIn', { channel, limit: Math.max(1, limit) })
    return yield* this.#untilPerson(rows, () => true)
  }

  /** A person who speaks to one of the two has joined them. */
  *#between(a: string, b: string, most: number): Rule<number> {
    const limit = Math.max(LOOP_GUARD_SPAN, most)
    const toA = yield* all('message.authorsTo', { agentId: a, limit })
    const toB = yield* all('message.authorsTo', { agentId: b, limit })
    const rows = [...toA, ...toB].sort((one, other) => other.id - one.id)
    return yield* this.#untilPerson(rows, ({ from_agent: author }) => author === a || author === b)
  }

  /** The messages of agents that count, from the newest back to a person's. */
  *#untilPerson(rows: readonly Authored[], counts: (row: Authored) => boolean): Rule<number> {
    let messages = 0
    for (const row of rows) {
      if (row.from_agent === SYSTEM_AGENT) continue
      if (yield* this.#isPerson(row.from_agent)) return messages
      if (counts(row)) messages++
    }
    return messages
  }

  *#isPerson(agentId: string): Rule<boolean> {
    const known = this.#people.get(agentId)
    if (known !== undefined) return known
    const session = yield* lastSession(agentId)
    const isPerson = parseJson<string[]>(session?.capabilities_json ?? null, []).includes(PERSON)
    this.#people.set(agentId, isPerson)
    return isPerson
  }
}

function wantsReply({ metadata_json }: MessageRow): boolean {
  return parseJson<{ no_reply?: unknown }>(metadata_json, {}).no_reply !== true
}

/** What of an agent's unread messages may wake it, and what may not. */
function* wakeOf(agentId: string, rows: Rows, work: Work): Rule<Wake> {
  const upToId = yield* latestId()
  const { unread } = yield* findMailbox(agentId)
  const query = { agentId, nowMs: work.nowMs, limit: MOST_UNREAD }
  const found = unread > 0 ? (yield* page('receipt.available', query)).rows : []
  const held: HeldWake[] = []
  let first: MessageRow | undefined
  for (const message of found.filter(wantsReply)) {
    const row = yield* rows.heldBy(agentId, message)
    if (!row) first ??= message
    else if (!held.some((one) => one.channel === row.channel && one.with_agent === row.with_agent))
      held.push(row)
  }
  return {
    agent_id: agentId,
    wake: first !== undefined,
    message_id: first?.id ?? null,
    from_agent: first?.from_agent ?? null,
    unread,
    held,
    up_to_id: upToId,
  }
}

export const wakeQueries = {
  *'mailbox.wake'({ agent_id: agentId, ...guard }, work: Work) {
    return done(yield* wakeOf(agentId, new Rows(guard), work))
  },
  *'wakes.held'(guard, work: Work) {
    const rows = new Rows(guard)
    const held: HeldWake[] = []
    for (const { agent_id } of yield* live(work)) held.push(...(yield* wakeOf(agent_id, rows, work)).held)
    return done(held)
  },
} satisfies Partial<QueryRules>
