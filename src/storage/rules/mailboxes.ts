// Mailboxes (PROTOCOL §18): what an agent has to be shown. A mailbox belongs to an agent id and outlives its sessions.
//
// An addressed message has a receipt (receipts.ts). All other messages that the agent may see are ambient: they have one
// cursor for each mailbox, and no rows.
//
//   a message without a receipt row ─ambient─▶ offered as a range after the cursor ─shown─▶ the cursor moves on
//   a receipt ─offer─▶ offered, until the offer lapses ─shown─▶ shown
//
// An offer is one row. Its receipts name it until it lapses. A reader that asks again gets its live offer again, so that
// an answer that was lost does not hide messages for the rest of the lease.

import { randomUUID } from 'node:crypto'
import { ArcError, notFound } from '../../protocol/errors.js'
import { MAX_AMBIENT_COUNT } from '../../protocol/limits.js'
import type { Mailbox } from '../../protocol/objects.js'
import { toMillis } from '../../protocol/timestamps.js'
import type { Commands, Prospect, Queries } from '../commands.js'
import { type Done, done, NO_OFFER } from '../outcome.js'
import { findMailbox, presentSession, recipientOf } from './agent-rows.js'
import { latestId } from './message-log.js'
import { offerText, type Portion, portionOf } from './offer-text.js'
import { all, one, page, type Rule, run } from './sql.js'
import type { MailboxRow, MessageRow, OfferedRow, OfferRow } from './statements.js'
import type { CommandRules, QueryRules } from './tables.js'
import type { Work } from './work.js'

/** A mailbox may lag this far behind the log before a look without news moves its cursor: its scan gets longer. */
const MAX_LAG = 1_000
/** Milliseconds for which an offer is kept, so that a repeated `shown` gets the same answer. */
const OFFER_RETENTION_MS = 24 * 3_600_000
/** Rows deleted at once: a large backlog must not hold up commits. */
const FORGET_LIMIT = 5_000

type OfferInput = Commands['mailbox.offer']
type LookInput = Queries['mailbox.look']

/** Begins the mailbox with the agent's first session: ambient messages count from now on. */
export function* beginMailbox(agentId: string): Rule<MailboxRow> {
  const mailbox = yield* findMailbox(agentId)
  if (mailbox.begun_id !== null) return mailbox
  const id = yield* latestId()
  yield* run('mailbox.begin', { agentId, id })
  return { ...mailbox, begun_id: id, ambient_id: id, ambient_offered_id: id }
}

/** Deletes old offers. True if there may be more. */
export function* forgetOffers({ nowMs }: Work): Rule<boolean> {
  const { changes } = yield* run('offer.forget', { before: nowMs - OFFER_RETENTION_MS, limit: FORGET_LIMIT })
  return changes === FORGET_LIMIT
}

/** A mailbox as an object of the protocol. */
export function* describeMailbox(agentId: string, work: Work): Rule<Mailbox> {
  const recipient = yield* recipientOf(agentId, work)
  const mailbox = yield* findMailbox(agentId)
  const oldest = mailbox.unread > 0 ? yield* one('receipt.oldestUnread', { agentId }) : undefined
  return {
    ...recipient,
    ambient_unread: yield* ambientCount(mailbox, mailbox.ambient_id),
    oldest_unread_at: oldest?.ts ?? null,
  }
}

function* ambientCount(mailbox: MailboxRow, afterId: number): Rule<number> {
  if (mailbox.begun_id === null) return 0
  const query = { agentId: mailbox.agent_id, afterId, limit: MAX_AMBIENT_COUNT }
  return (yield* one('ambient.count', query))?.count ?? 0
}

/** Ambient messages are in one live offer at a time. */
function* isAmbientTaken(agentId: string, { nowMs }: Work): Rule<boolean> {
  return (yield* one('offer.withAmbient', { agentId, nowMs })) !== undefined
}

function* look({ agent_id: agentId, reader, ambient }: LookInput, work: Work): Rule<Prospect> {
  const upToId = yield* latestId()
  const { nowMs } = work
  const mailbox = yield* findMailbox(agentId)
  const lapse = yield* one('offer.nextLapse', { agentId, nowMs })
  const lapsesInMs = lapse ? lapse.lapses_at_ms - nowMs + 1 : null
  const isWorthwhile =
    (lapse !== undefined && (yield* one('offer.live', { agentId, reader, nowMs })) !== undefined) ||
    (mailbox.unread > 0 && (yield* one('receipt.available', { agentId, nowMs, limit: 1 })) !== undefined) ||
    (ambient && (yield* hasAmbient(mailbox, upToId, work)))
  return { isWorthwhile, upToId, lapsesInMs }
}

function* hasAmbient(mailbox: MailboxRow, upToId: number, work: Work): Rule<boolean> {
  const { agent_id: agentId, begun_id, ambient_id: afterId } = mailbox
  if (begun_id === null) return (yield* presentSession(agentId, work)) !== undefined
  if (afterId >= upToId || (yield* isAmbientTaken(agentId, work))) return false
  return (
    upToId - afterId > MAX_LAG || (yield* one('ambient.after', { agentId, afterId, limit: 1 })) !== undefined
  )
}

/** What goes into a new offer. */
interface Found {
  readonly messages: readonly OfferedRow[]
  readonly ambient: readonly OfferedRow[]
  /** After it is shown, the cursor of ambient messages stands here. Null: the offer holds none. */
  readonly ambientTo: number | null
}

function* find(input: OfferInput, mailbox: MailboxRow, work: Work): Rule<Found> {
  const { agent_id: agentId, limit } = input
  const { nowMs } = work
  const addressed =
    mailbox.unread > 0 ? yield* page('receipt.available', { agentId, nowMs, limit }) : undefined
  const messages = addressed?.rows ?? []
  const isFull = messages.length === limit || addressed?.isWhole === false
  if (isFull || !input.ambient || mailbox.begun_id === null || (yield* isAmbientTaken(agentId, work))) {
    return { messages, ambient: [], ambientTo: null }
  }
  const upToId = yield* latestId()
  const left = limit - messages.length
  const afterId = mailbox.ambient_id
  const { rows, isWhole } = yield* page('ambient.after', { agentId, afterId, limit: left })
  const isLast = isWhole && rows.length < left
  const ambient = asOffered(rows, mailbox.ambient_offered_id)
  return { messages, ambient, ambientTo: isLast ? upToId : (rows.at(-1)?.id ?? null) }
}

function* offer(input: OfferInput, work: Work): Rule<Done> {
  const { agent_id: agentId, reader, max_chars: maxChars, lease_sec: leaseSec } = input
  const lapsesAtMs = work.nowMs + leaseSec * 1_000
  const live = yield* one('offer.live', { agentId, reader, nowMs: work.nowMs })
  if (live) {
    yield* run('offer.extend', { offerId: live.offer_id, lapsesAtMs })
    return yield* answerTo(live, portionOf(yield* foundAgain(live), maxChars), work)
  }
  const hasSession = (yield* presentSession(agentId, work)) !== undefined
  const mailbox = hasSession ? yield* beginMailbox(agentId) : yield* findMailbox(agentId)
  const found = yield* find(input, mailbox, work)
  const hasAmbient = found.ambient.length > 0
  // The look through the log need not begin at the same place again.
  if (!hasAmbient && found.ambientTo !== null) {
    yield* run('mailbox.moveAmbient', { agentId, ambientTo: found.ambientTo })
  }
  if (found.messages.length === 0 && !hasAmbient) return { result: NO_OFFER, isPassing: true }
  const portion = portionOf(found, maxChars)
  const row: OfferRow = {
    offer_id: randomUUID(),
    agent_id: agentId,
    reader,
    lapses_at_ms: lapsesAtMs,
    ambient_from: mailbox.ambient_id,
    ambient_to: hasAmbient && portion.isWhole ? found.ambientTo : (portion.ambient.at(-1)?.id ?? null),
    ambient_before: mailbox.ambient_offered_id,
    shown: null,
  }
  yield* keep(row, portion, work)
  return yield* answerTo(row, portion, work)
}

function* keep(offer: OfferRow, { messages, ambient }: Portion, { nowMs }: Work): Rule<void> {
  const { offer_id: offerId, agent_id: agentId } = offer
  yield* run('offer.insert', offer)
  const lastAmbient = ambient.at(-1)
  if (lastAmbient) yield* run('mailbox.offerAmbient', { agentId, upToId: lastAmbient.id })
  if (messages.length === 0) return
  const ids = JSON.stringify(messages.map(({ id }) => id))
  yield* run('receipt.offer', { agentId, ids, offerId, now: toMillis(nowMs) })
}

/** The content of a live offer, from its rows. */
function* foundAgain(offer: OfferRow): Rule<Found> {
  const { offer_id: offerId, agent_id: agentId, ambient_from: afterId, ambient_to: ambientTo } = offer
  const messages = yield* all('receipt.ofOffer', { offerId })
  if (ambientTo === null) return { messages, ambient: [], ambientTo }
  const rows = yield* all('ambient.between', { agentId, afterId, upToId: ambientTo })
  return { messages, ambient: asOffered(rows, offer.ambient_before), ambientTo }
}

/** Ambient messages have no rows that count offers: those up to an id were offered before. */
function asOffered(rows: readonly MessageRow[], offeredBefore: number): OfferedRow[] {
  return rows.map((row) => ({ ...row, offers: row.id <= offeredBefore ? 2 : 1 }))
}

function* answerTo(offer: OfferRow, { messages, ambient }: Portion, { nowMs }: Work): Rule<Done> {
  const { offer_id: offerId, agent_id: agentId } = offer
  const mailbox = yield* findMailbox(agentId)
  const offered = (yield* one('receipt.offeredNow', { agentId, nowMs }))?.count ?? 0
  const left = {
    messages: mailbox.unread - offered,
    ambient: yield* ambientCount(mailbox, offer.ambient_to ?? mailbox.ambient_id),
  }
  return { result: offerText({ offerId, messages, ambient, left }) }
}

function* shown(input: Commands['mailbox.shown'], work: Work): Rule<Done> {
  const { agent_id: agentId, offer_id: offerId, via, up_to_id: upToId = Number.MAX_SAFE_INTEGER } = input
  const offer = yield* one('offer.find', { offerId })
  if (!offer || offer.agent_id !== agentId) throw notFound(`agent "${agentId}" has no offer "${offerId}"`)
  if (offer.shown !== null) return done({ shown: offer.shown })
  if (offer.lapses_at_ms < work.nowMs) {
    const text = `offer "${offerId}" has lapsed, and its messages are offered again; ask for another offer`
    throw new ArcError('offer_lapsed', text)
  }
  const receipts = yield* all('receipt.keysOfOffer', { offerId, upToId })
  yield* run('receipt.show', { offerId, upToId, now: toMillis(work.nowMs), via: via ?? null })
  yield* run('receipt.free', { offerId })
  const ambientTo = Math.min(offer.ambient_to ?? 0, upToId)
  const range = { agentId, afterId: offer.ambient_from, upToId: ambientTo }
  const ambient = offer.ambient_to === null ? [] : yield* all('ambient.idsBetween', range)
  const count = receipts.length + ambient.length
  yield* run('offer.settle', { offerId, shown: count })
  const unreadLess = receipts.filter((row) => row.acknowledged_at === null).length
  const lastId = Math.max(receipts.at(-1)?.message_id ?? 0, ambient.at(-1)?.id ?? 0)
  yield* run('mailbox.show', { agentId, unreadLess, ambientTo, lastId })
  return done({ shown: count })
}

export const mailboxCommands = {
  'mailbox.offer': offer,
  'mailbox.shown': shown,
} satisfies Partial<CommandRules>

export const mailboxQueries = {
  *'mailbox.look'(input, work) {
    return done(yield* look(input, work))
  },
  *'mailbox.get'({ agent_id: agentId }, work) {
    return done(yield* describeMailbox(agentId, work))
  },
} satisfies Partial<QueryRules>
