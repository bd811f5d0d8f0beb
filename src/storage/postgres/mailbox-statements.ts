// PostgreSQL's texts for mailboxes, receipts and offers.

import type { Statements } from '../rules/statements.js'
import { bounded, LISTING, PAGE } from './answer-size.js'
import type { Texts } from './statement-text.js'

type Names = Extract<keyof Statements, `${'mailbox' | 'ambient' | 'receipt' | 'offer'}.${string}`>

const UNREAD = 'shown_at IS NULL AND acknowledged_at IS NULL'
const LIVE = 'agent_id = @agentId AND lapses_at_ms >= @nowMs AND shown IS NULL'
const IS_OFFERED = `EXISTS (SELECT 1 FROM arc.offers WHERE offers.offer_id = receipts.offer_id
  AND lapses_at_ms >= @nowMs AND shown IS NULL)`
const WITH_MESSAGE = 'arc.receipts JOIN arc.messages ON messages.id = message_id'

export const MAILBOX_STATEMENTS: Pick<Texts, Names> = {
  'mailbox.find': 'SELECT * FROM arc.mailboxes WHERE agent_id = @agentId',
  'mailbox.known':
    'SELECT agent_id FROM arc.mailboxes WHERE begun_id IS NOT NULL ORDER BY agent_id LIMIT @limit',
  'mailbox.begin': `INSERT INTO arc.mailboxes VALUES (@agentId, @id, @id, @id, 0, NULL)
    ON CONFLICT (agent_id) DO UPDATE SET begun_id = excluded.begun_id, ambient_id = excluded.ambient_id,
      ambient_offered_id = excluded.ambient_offered_id`,
  'mailbox.deliver': `INSERT INTO arc.mailboxes VALUES (@agentId, NULL, 0, 0, 1, NULL)
    ON CONFLICT (agent_id) DO UPDATE SET unread = mailboxes.unread + 1`,
  'mailbox.moveAmbient':
    'UPDATE arc.mailboxes SET ambient_id = greatest(ambient_id, @ambientTo) WHERE agent_id = @agentId',
  'mailbox.offerAmbient': `UPDATE arc.mailboxes SET ambient_offered_id = greatest(ambient_offered_id, @upToId)
    WHERE agent_id = @agentId`,
  'mailbox.show': `UPDATE arc.mailboxes SET unread = unread - @unreadLess, ambient_id = greatest(ambient_id, @ambientTo),
    last_shown_id = nullif(greatest(coalesce(last_shown_id, 0), @lastId), 0) WHERE agent_id = @agentId`,

  'ambient.after': bounded(
    `SELECT * FROM arc.messages WHERE id = ANY(ARRAY(${ambientIds('LIMIT @limit')}))`,
    'id',
    PAGE,
  ),
  'ambient.between': bounded(
    `SELECT * FROM arc.messages WHERE id = ANY(ARRAY(${ambientIds('', 'AND id <= @upToId')}))`,
    'id',
    LISTING,
  ),
  'ambient.idsBetween': ambientIds('', 'AND id <= @upToId'),
  'ambient.count': `SELECT count(*) AS count FROM (${ambientIds('LIMIT @limit')}) AS ambient`,

  'receipt.insert': `INSERT INTO arc.receipts (message_id, agent_id, from_agent, offers)
    VALUES (@messageId, @agentId, @fromAgent, 0) ON CONFLICT DO NOTHING`,
  'receipt.find': 'SELECT * FROM arc.receipts WHERE message_id = @messageId AND agent_id = @agentId',
  'receipt.ofMessage': `SELECT receipts.*, ts FROM ${WITH_MESSAGE}
    WHERE message_id = @messageId ORDER BY agent_id`,
  'receipt.available': bounded(
    `SELECT messages.*, offers + 1 AS offers FROM ${WITH_MESSAGE}
    WHERE agent_id = @agentId AND ${UNREAD} AND NOT ${IS_OFFERED} ORDER BY message_id LIMIT @limit`,
    'id',
    PAGE,
  ),
  'receipt.ofOffer': bounded(
    `SELECT messages.*, offers FROM ${WITH_MESSAGE} WHERE offer_id = @offerId AND ${UNREAD}`,
    'id',
    LISTING,
  ),
  'receipt.keysOfOffer': `SELECT message_id, acknowledged_at FROM arc.receipts
    WHERE offer_id = @offerId AND message_id <= @upToId ORDER BY message_id`,
  'receipt.offeredNow': `SELECT count(*) AS count FROM arc.receipts
    WHERE offer_id IN (SELECT offer_id FROM arc.offers WHERE ${LIVE}) AND ${UNREAD}`,
  'receipt.oldestUnread': `SELECT ts FROM ${WITH_MESSAGE}
    WHERE agent_id = @agentId AND ${UNREAD} ORDER BY message_id LIMIT 1`,
  'receipt.offer': ({ ids, ...offer }) => ({
    text: `UPDATE arc.receipts SET offers = offers + 1, offer_id = @offerId, offered_at = @now
      WHERE agent_id = @agentId AND message_id = ANY(@ids::bigint[])`,
    values: { ...offer, ids: JSON.parse(ids) },
  }),
  'receipt.show': `UPDATE arc.receipts SET shown_at = @now, via = @via, offer_id = NULL
    WHERE offer_id = @offerId AND message_id <= @upToId`,
  'receipt.free': 'UPDATE arc.receipts SET offer_id = NULL WHERE offer_id = @offerId',
  'receipt.acknowledge': `UPDATE arc.receipts SET acknowledged_at = @now, note = @note
    WHERE message_id = @messageId AND agent_id = @agentId`,
  'receipt.undelivered': ({ from, to, ...filter }) => {
    const those = [
      `${UNREAD} AND ts <= @before`,
      ...(from === undefined ? [] : ['receipts.from_agent = @from']),
      ...(to === undefined ? [] : ['agent_id = @to']),
    ]
    const text = `SELECT receipts.*, ts FROM ${WITH_MESSAGE}
      WHERE ${those.join(' AND ')} ORDER BY message_id, agent_id LIMIT @limit`
    return { text, values: { from, to, ...filter } }
  },

  'offer.insert': `INSERT INTO arc.offers (offer_id, agent_id, reader, lapses_at_ms, ambient_from, ambient_to, ambient_before, shown)
    VALUES (@offer_id, @agent_id, @reader, @lapses_at_ms, @ambient_from, @ambient_to, @ambient_before, @shown)`,
  'offer.find': 'SELECT * FROM arc.offers WHERE offer_id = @offerId',
  'offer.live': `SELECT * FROM arc.offers WHERE ${LIVE} AND reader = @reader LIMIT 1`,
  'offer.withAmbient': `SELECT offer_id FROM arc.offers WHERE ${LIVE} AND ambient_to IS NOT NULL LIMIT 1`,
  'offer.nextLapse': `SELECT lapses_at_ms FROM arc.offers WHERE ${LIVE} ORDER BY lapses_at_ms LIMIT 1`,
  'offer.extend': 'UPDATE arc.offers SET lapses_at_ms = @lapsesAtMs WHERE offer_id = @offerId',
  'offer.settle': 'UPDATE arc.offers SET shown = @shown WHERE offer_id = @offerId',
  'offer.forget': `DELETE FROM arc.offers WHERE offer_id = ANY(ARRAY(SELECT offer_id FROM arc.offers
    WHERE lapses_at_ms < @before ORDER BY lapses_at_ms LIMIT @limit FOR UPDATE SKIP LOCKED))`,
}

/** The ids of ambient messages after `@afterId`: broadcasts, and direct messages without a receipt. */
function ambientIds(limit: string, upTo = ''): string {
  const branch = (audience: string) => `(SELECT id FROM arc.messages
    WHERE ${audience} AND id > @afterId ${upTo} AND from_agent <> @agentId
      AND NOT EXISTS (SELECT 1 FROM arc.receipts WHERE message_id = messages.id AND agent_id = @agentId)
    ORDER BY id ${limit})`
  return `${branch('to_agent IS NULL')} UNION ALL ${branch('to_agent = @agentId')} ORDER BY id ${limit}`
}
