// SQLite's texts for mailboxes, receipts and offers.

import type { Statements } from '../rules/statements.js'
import type { Texts } from './statement-text.js'

type Names = Extract<keyof Statements, `${'mailbox' | 'ambient' | 'receipt' | 'offer'}.${string}`>

const UNREAD = 'shown_at IS NULL AND acknowledged_at IS NULL'
const LIVE = 'agent_id = @agentId AND lapses_at_ms >= @nowMs AND shown IS NULL'
const IS_OFFERED = `EXISTS (SELECT 1 FROM arc_offers WHERE arc_offers.offer_id = arc_receipts.offer_id
  AND lapses_at_ms >= @nowMs AND shown IS NULL)`
const WITH_MESSAGE = 'arc_receipts JOIN messages ON messages.id = message_id'

export const MAILBOX_STATEMENTS: Pick<Texts, Names> = {
  'mailbox.find': 'SELECT * FROM arc_mailboxes WHERE agent_id = @agentId',
  'mailbox.known':
    'SELECT agent_id FROM arc_mailboxes WHERE begun_id IS NOT NULL ORDER BY agent_id LIMIT @limit',
  'mailbox.begin': `INSERT INTO arc_mailboxes VALUES (@agentId, @id, @id, @id, 0, NULL)
    ON CONFLICT (agent_id) DO UPDATE SET begun_id = @id, ambient_id = @id, ambient_offered_id = @id`,
  'mailbox.deliver': `INSERT INTO arc_mailboxes VALUES (@agentId, NULL, 0, 0, 1, NULL)
    ON CONFLICT (agent_id) DO UPDATE SET unread = unread + 1`,
  'mailbox.moveAmbient':
    'UPDATE arc_mailboxes SET ambient_id = max(ambient_id, @ambientTo) WHERE agent_id = @agentId',
  'mailbox.offerAmbient': `UPDATE arc_mailboxes SET ambient_offered_id = max(ambient_offered_id, @upToId)
    WHERE agent_id = @agentId`,
  'mailbox.show': `UPDATE arc_mailboxes SET unread = unread - @unreadLess, ambient_id = max(ambient_id, @ambientTo),
    last_shown_id = nullif(max(coalesce(last_shown_id, 0), @lastId), 0) WHERE agent_id = @agentId`,

  'ambient.after': `SELECT * FROM messages WHERE id IN (${ambientIds('LIMIT @limit')}) ORDER BY id`,
  'ambient.between': `SELECT * FROM messages WHERE id IN (${ambientIds('', 'AND id <= @upToId')}) ORDER BY id`,
  'ambient.idsBetween': `${ambientIds('', 'AND id <= @upToId')}`,
  'ambient.count': `SELECT count(*) AS count FROM (${ambientIds('LIMIT @limit')})`,

  'receipt.insert': `INSERT OR IGNORE INTO arc_receipts (message_id, agent_id, from_agent, offers)
    VALUES (@messageId, @agentId, @fromAgent, 0)`,
  'receipt.find': 'SELECT * FROM arc_receipts WHERE message_id = @messageId AND agent_id = @agentId',
  'receipt.ofMessage': `SELECT arc_receipts.*, ts FROM ${WITH_MESSAGE}
    WHERE message_id = @messageId ORDER BY agent_id`,
  'receipt.available': `SELECT messages.*, offers + 1 AS offers FROM ${WITH_MESSAGE}
    WHERE agent_id = @agentId AND ${UNREAD} AND NOT ${IS_OFFERED} ORDER BY message_id LIMIT @limit`,
  'receipt.ofOffer': `SELECT messages.*, offers FROM ${WITH_MESSAGE}
    WHERE offer_id = @offerId AND ${UNREAD} ORDER BY message_id`,
  'receipt.keysOfOffer': `SELECT message_id, acknowledged_at FROM arc_receipts
    WHERE offer_id = @offerId AND message_id <= @upToId ORDER BY message_id`,
  'receipt.offeredNow': `SELECT count(*) AS count FROM arc_receipts
    WHERE offer_id IN (SELECT offer_id FROM arc_offers WHERE ${LIVE}) AND ${UNREAD}`,
  'receipt.oldestUnread': `SELECT ts FROM ${WITH_MESSAGE}
    WHERE agent_id = @agentId AND ${UNREAD} ORDER BY message_id LIMIT 1`,
  'receipt.offer': `UPDATE arc_receipts SET offers = offers + 1, offer_id = @offerId, offered_at = @now
    WHERE agent_id = @agentId AND message_id IN (SELECT value FROM json_each(@ids))`,
  'receipt.show': `UPDATE arc_receipts SET shown_at = @now, via = @via, offer_id = NULL
    WHERE offer_id = @offerId AND message_id <= @upToId`,
  'receipt.free': 'UPDATE arc_receipts SET offer_id = NULL WHERE offer_id = @offerId',
  'receipt.acknowledge': `UPDATE arc_receipts SET acknowledged_at = @now, note = @note
    WHERE message_id = @messageId AND agent_id = @agentId`,
  'receipt.undelivered': ({ from, to, ...filter }) => {
    const those = [
      `${UNREAD} AND ts <= @before`,
      ...(from === undefined ? [] : ['arc_receipts.from_agent = @from']),
      ...(to === undefined ? [] : ['agent_id = @to']),
    ]
    // Without a name SQLite would walk all receipts in the order of their ids, shown ones included.
    const rows = from === undefined ? 'arc_receipts INDEXED BY arc_receipts_unread' : 'arc_receipts'
    const text = `SELECT arc_receipts.*, ts FROM ${rows} JOIN messages ON messages.id = message_id
      WHERE ${those.join(' AND ')} ORDER BY message_id, agent_id LIMIT @limit`
    return { text, values: { from, to, ...filter } }
  },

  'offer.insert': `INSERT INTO arc_offers (offer_id, agent_id, reader, lapses_at_ms, ambient_from, ambient_to, ambient_before, shown)
    VALUES (@offer_id, @agent_id, @reader, @lapses_at_ms, @ambient_from, @ambient_to, @ambient_before, @shown)`,
  'offer.find': 'SELECT * FROM arc_offers WHERE offer_id = @offerId',
  'offer.live': `SELECT * FROM arc_offers WHERE ${LIVE} AND reader = @reader LIMIT 1`,
  'offer.withAmbient': `SELECT offer_id FROM arc_offers WHERE ${LIVE} AND ambient_to IS NOT NULL LIMIT 1`,
  'offer.nextLapse': `SELECT lapses_at_ms FROM arc_offers WHERE ${LIVE} ORDER BY lapses_at_ms LIMIT 1`,
  'offer.extend': 'UPDATE arc_offers SET lapses_at_ms = @lapsesAtMs WHERE offer_id = @offerId',
  'offer.settle': 'UPDATE arc_offers SET shown = @shown WHERE offer_id = @offerId',
  'offer.forget': `DELETE FROM arc_offers WHERE rowid IN
    (SELECT rowid FROM (SELECT rowid, lapses_at_ms FROM arc_offers ORDER BY rowid LIMIT @limit)
     WHERE lapses_at_ms < @before)`,
}

/** The ids of ambient messages after `@afterId`: broadcasts, and direct messages that another implementation has stored. */
function ambientIds(limit: string, upTo = ''): string {
  const branch = (audience: string) => `SELECT id FROM (SELECT id FROM messages
    WHERE ${audience} AND id > @afterId ${upTo} AND from_agent <> @agentId
      AND NOT EXISTS (SELECT 1 FROM arc_receipts WHERE message_id = id AND agent_id = @agentId)
    ORDER BY id ${limit})`
  return `${branch('to_agent IS NULL')} UNION ALL ${branch('to_agent = @agentId')} ORDER BY id ${limit}`
}
