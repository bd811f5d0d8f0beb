// Receipts (PROTOCOL §18): how far each addressed message has come.
//
//   queued ─offer─▶ offered ─shown─▶ shown ─ack, or a reply─▶ acknowledged
//      └──────────────┴──────────────ack, or a reply─────────────▲
//
// A direct message is addressed to its addressee. A broadcast is addressed to the agents that it mentions, and to the
// author of the message that it replies to. Nothing is addressed to its own author.

import { notFound } from '../../protocol/errors.js'
import { SYSTEM_AGENT } from '../../protocol/limits.js'
import { mentionsIn } from '../../protocol/mentions.js'
import type { Receipt } from '../../protocol/objects.js'
import { toMillis } from '../../protocol/timestamps.js'
import { done } from '../outcome.js'
import { recipientOf } from './agent-rows.js'
import { all, one, page, type Rule, run } from './sql.js'
import type { MessageRow, ReceiptRow } from './statements.js'
import type { CommandRules, QueryRules } from './tables.js'
import type { Work } from './work.js'

/** Whether a message may have addressees. Most broadcasts have none, and cost nothing here. */
export function isAddressed({ to_agent, reply_to, body }: MessageRow): boolean {
  return to_agent !== null || reply_to !== null || body?.includes('@') === true
}

/** Queues a message for each of its addressees. A reply acknowledges the message that it replies to. */
export function* deliver(message: MessageRow): Rule<void> {
  const { id: messageId, from_agent: fromAgent, to_agent: toAgent, reply_to: replyTo, body } = message
  const addressees = new Set(toAgent === null ? mentionsIn(body ?? '') : [toAgent])
  if (replyTo !== null) {
    const author = yield* one('message.author', { id: replyTo })
    if (author && toAgent === null) addressees.add(author.from_agent)
    if (author) yield* acknowledge(replyTo, fromAgent, message.ts, null)
  }
  addressees.delete(fromAgent)
  addressees.delete(SYSTEM_AGENT)
  for (const agentId of addressees) yield* queue(messageId, agentId, fromAgent)
}

function* queue(messageId: number, agentId: string, fromAgent: string): Rule<void> {
  yield* run('receipt.insert', { messageId, agentId, fromAgent })
  yield* run('mailbox.deliver', { agentId })
}

/** Acknowledges a message, unless it is not addressed to the agent or is acknowledged already. */
function* acknowledge(messageId: number, agentId: string, now: string, note: string | null): Rule<void> {
  const receipt = yield* one('receipt.find', { messageId, agentId })
  if (!receipt || receipt.acknowledged_at !== null) return
  yield* run('receipt.acknowledge', { messageId, agentId, now, note })
  if (receipt.shown_at === null) {
    yield* run('mailbox.show', { agentId, unreadLess: 1, ambientTo: 0, lastId: 0 })
  }
}

function* toReceipts(rows: readonly ReceiptRow[], work: Work): Rule<Receipt[]> {
  const reasons = new Map<string, Receipt['reason']>()
  for (const agentId of new Set(rows.map((row) => row.agent_id))) {
    const { known, present } = yield* recipientOf(agentId, work)
    reasons.set(agentId, present ? 'no_reader' : known ? 'away' : 'unknown_agent')
  }
  return rows.map((row) => toReceipt(row, reasons.get(row.agent_id) ?? null))
}

function toReceipt(row: ReceiptRow, unread: Receipt['reason']): Receipt {
  const isOpen = row.shown_at === null && row.acknowledged_at === null
  const reason = row.offers > 0 ? 'offered' : unread
  return {
    message_id: row.message_id,
    from_agent: row.from_agent,
    agent_id: row.agent_id,
    state: stateOf(row),
    offers: row.offers,
    queued_at: row.ts,
    offered_at: row.offered_at,
    shown_at: row.shown_at,
    acknowledged_at: row.acknowledged_at,
    via: row.via,
    note: row.note,
    reason: isOpen ? reason : null,
  }
}

function stateOf({ acknowledged_at, shown_at, offers }: ReceiptRow): Receipt['state'] {
  if (acknowledged_at !== null) return 'acknowledged'
  if (shown_at !== null) return 'shown'
  return offers > 0 ? 'offered' : 'queued'
}

/** @throws ArcError `not_found` */
export function* mustBeStored(id: number): Rule<MessageRow> {
  const message = yield* one('message.find', { id })
  if (!message) throw notFound(`message ${id} does not exist`)
  return message
}

export const receiptCommands = {
  *'message.acknowledge'({ id, agent_id: agentId, note }, work) {
    const message = yield* mustBeStored(id)
    if (!(yield* one('receipt.find', { messageId: id, agentId }))) {
      // Another implementation may have stored a direct message without a receipt.
      const isForAgent = message.to_agent === agentId && message.from_agent !== agentId
      if (!isForAgent) throw notFound(`message ${id} is not addressed to "${agentId}"`)
      yield* queue(id, agentId, message.from_agent)
    }
    yield* acknowledge(id, agentId, toMillis(work.nowMs), note ?? null)
    const rows = yield* all('receipt.ofMessage', { messageId: id })
    const own = rows.filter((row) => row.agent_id === agentId)
    return done((yield* toReceipts(own, work))[0])
  },
} satisfies Partial<CommandRules>

export const receiptQueries = {
  *'receipts.list'({ id }, work) {
    yield* mustBeStored(id)
    return done(yield* toReceipts(yield* all('receipt.ofMessage', { messageId: id }), work))
  },
  *'receipts.undelivered'({ from, to, older_than_sec: olderThanSec, limit }, work) {
    const before = toMillis(work.nowMs - olderThanSec * 1_000)
    const { rows } = yield* page('receipt.undelivered', { from, to, before, limit })
    return done(yield* toReceipts(rows, work))
  },
} satisfies Partial<QueryRules>
