// Every statement of the rules, by name, with its input and its row. An engine has one text for each
// (`sqlite/statements.ts`). Rows are stored rows of the six tables of PROTOCOL §11.

import type { Claim, HubStatus, Lock, ThreadSummary } from '../../protocol/objects.js'
import type { LineStatements } from './line-statements.js'
import type { Nothing, Statement } from './statement.js'
import type { TaskStatements } from './task-statements.js'

export type { ScopeRow, SlotRow, WaitRow } from './line-statements.js'
export type { StoredTask, TaskFilter, TaskRow } from './task-statements.js'

export interface ChannelRow {
  name: string
  created_at: string
  created_by: string | null
  metadata_json: string | null
}

export interface SessionRow {
  session_id: string
  agent_id: string
  display_name: string | null
  capabilities_json: string | null
  metadata_json: string | null
  created_at: string
  last_seen: string
  active: number
  /** These four are null for a session without them. */
  presence_ttl_sec: number | null
  harness: string | null
  pid: number | null
  process_started_at: string | null
}

/** What a session says of itself beyond the columns that all implementations have. */
export interface SessionExtras {
  session_id: string
  presence_ttl_sec: number | null
  harness: string | null
  pid: number | null
  process_started_at: string | null
  /** Names the process together with its pid, and where its pid counts (`process-watch.ts`). */
  process_mark: string | null
}

export interface BoundSession {
  session_id: string
  agent_id: string
  last_seen: string
  presence_ttl_sec: number | null
  pid: number
  process_mark: string
}

/** Sessions that were not seen since then. A session with a presence TTL of its own counts from `now`. */
interface Unseen {
  since: string
  now: string
}

export interface MessageRow {
  id: number
  ts: string
  from_agent: string
  to_agent: string | null
  channel: string
  kind: string
  body: string | null
  attachments_json: string | null
  reply_to: number | null
  thread_id: string | null
  metadata_json: string | null
}

export type NewMessageRow = Omit<MessageRow, 'id'>
export type ClaimRow = Omit<Claim, 'metadata' | 'waiting'> & { metadata_json: string | null }
export type LockRow = Omit<Lock, 'metadata' | 'waiting'> & { metadata_json: string | null }

/** Names one row for a statement of the same transaction, even if the row's key can't be read. */
export type RowRef = number | string

/** Selects the messages of a page: those after `sinceId`, or the newest ones for a tail. */
export interface MessagePage {
  readonly agentId?: string | undefined
  readonly channels?: readonly string[] | undefined
  readonly threadId?: string | undefined
  readonly excludeSelf?: boolean | undefined
  /** Only direct messages to `agentId`. */
  readonly directOnly?: boolean | undefined
  readonly sinceId: number
  /** Only messages with a lower id. */
  readonly beforeId?: number | undefined
  readonly limit: number
  readonly tail: boolean
}

/** Who has said something. */
export type Authored = Pick<MessageRow, 'id' | 'from_agent'>

export interface MailboxRow {
  readonly agent_id: string
  /** The highest message id at the agent's first session; null before it. */
  readonly begun_id: number | null
  /** Ambient messages up to here were shown. */
  readonly ambient_id: number
  /** Ambient messages up to here were offered at least once. */
  readonly ambient_offered_id: number
  readonly unread: number
  readonly last_shown_id: number | null
}

export interface ReceiptRow {
  readonly message_id: number
  readonly agent_id: string
  readonly from_agent: string
  readonly offers: number
  /** The last offer that holds it; null if it is shown or in none. */
  readonly offer_id: string | null
  readonly offered_at: string | null
  readonly shown_at: string | null
  readonly acknowledged_at: string | null
  readonly via: string | null
  readonly note: string | null
  /** The message's time. */
  readonly ts: string
}

/** A message in an offer. */
export interface OfferedRow extends MessageRow {
  readonly offers: number
  readonly isCut?: boolean | undefined
}

/** An offer holds the receipts that name it, and the ambient messages in `(ambient_from, ambient_to]`. */
export interface OfferRow {
  readonly offer_id: string
  readonly agent_id: string
  readonly reader: string
  readonly lapses_at_ms: number
  readonly ambient_from: number
  /** Null: it holds no ambient messages. */
  readonly ambient_to: number | null
  /** Ambient messages up to here had been offered before this offer. */
  readonly ambient_before: number
  /** How many messages were shown; null until `shown`. */
  readonly shown: number | null
}

interface AmbientPage {
  readonly agentId: string
  readonly afterId: number
  readonly limit: number
}

interface AmbientRange {
  readonly agentId: string
  readonly afterId: number
  readonly upToId: number
}

interface UndeliveredFilter {
  readonly from?: string | undefined
  readonly to?: string | undefined
  /** Only messages up to this time. */
  readonly before: string
  readonly limit: number
}

export interface ThreadPage {
  /** Absent: from the first row on. */
  readonly after?: ThreadPosition | undefined
  /** Absent: all. */
  readonly limit?: number | undefined
  readonly now: string
}

/** A thread's place in the list: newest message first, threads without messages last. */
export interface ThreadPosition {
  readonly latestMessageId: number | null
  readonly threadId: string
}

export type SummaryRow = Omit<ThreadSummary, 'status' | 'active_lock_count'>

/** A lease's key, owner and times, under the same names for claims and locks. */
export interface NewLease {
  readonly key: string
  readonly owner: string
  readonly now: string
  readonly expiresAt: string
  readonly metadata: string
  readonly threadId: string | null
  readonly taskMessageId: number | null
}

interface LeaseFilter {
  readonly owner?: string | undefined
  readonly threadId?: string | undefined
  /** Only leases that are active at this time. */
  readonly activeAt?: string | undefined
}

/** The statements that claims and locks share. */
type LeaseStatements<Noun extends string, Row> = {
  [N in `${Noun}.active`]: Statement<{ key: string; now: string }, Row>
} & {
  [N in `${Noun}.find`]: Statement<{ key: string }, Row>
} & {
  [N in `${Noun}.take`]: Statement<NewLease>
} & {
  [N in `${Noun}.extend`]: Statement<{ key: string; expiresAt: string }>
} & {
  [N in `${Noun}.release`]: Statement<{ key: string; now: string }>
} & {
  [N in `${Noun}.list`]: Statement<LeaseFilter, Row>
} & {
  /** The active leases of the session's agent, the oldest first: not their rows, which may be large. */
  [N in `${Noun}.ofSession`]: Statement<{ session: RowRef; now: string }, { ref: RowRef }>
} & {
  [N in `${Noun}.at`]: Statement<{ ref: RowRef }, Row>
} & {
  [N in `${Noun}.end`]: Statement<{ ref: RowRef; now: string }>
}

export interface Statements
  extends LeaseStatements<'claim', ClaimRow>,
    LeaseStatements<'lock', LockRow>,
    LineStatements,
    TaskStatements {
  'channel.find': Statement<{ name: string }, ChannelRow>
  /** Does nothing if the name is taken. */
  'channel.insert': Statement<{ name: string; now: string; createdBy: string | null; metadata: string }>
  'channel.list': Statement<Nothing, ChannelRow>

  'session.ofAgent': Statement<{ agentId: string }, SessionRow>
  /** The newest one, active or ended. */
  'session.lastOfAgent': Statement<{ agentId: string }, SessionRow>
  'session.live': Statement<Unseen, SessionRow>
  'session.insert': Statement<Omit<SessionRow, 'active' | keyof SessionExtras> & { session_id: string }>
  'session.insertExtras': Statement<SessionExtras>
  /** The active sessions that share the life of a process with such a mark. */
  'session.bound': Statement<{ place: string }, BoundSession>
  'session.active': Statement<{ sessionId: string }, { ref: RowRef; agent_id: string }>
  'session.deactivate': Statement<{ agentId: string }>
  'session.close': Statement<{ sessionId: string }>
  'session.rename': Statement<{ agentId: string; displayName: string }>
  /** `agentIds` is a JSON list. */
  'session.touch': Statement<{ agentIds: string; now: string }>
  /** Touches all active sessions that were seen since then. */
  'session.touchAll': Statement<Unseen & { seenAt: string }>
  /** The active sessions that were not seen since then, by agent. */
  'session.expired': Statement<Unseen, { ref: RowRef; agent_id: string }>
  'session.end': Statement<{ ref: RowRef }>
  /** Deletes ended sessions, the oldest first, except the newest `keep`. */
  'session.forget': Statement<{ keep: number; limit: number }>

  'message.insert': Statement<NewMessageRow>
  'message.latestId': Statement<Nothing, { id: number }>
  'message.latestVisible': Statement<{ agentId: string }, { id: number }>
  'message.after': Statement<{ id: number; limit: number }, MessageRow>
  'message.page': Statement<MessagePage, MessageRow>
  'message.ofThread': Statement<{ threadId: string }, MessageRow>

  'thread.find': Statement<{ threadId: string; now: string }, SummaryRow>
  'thread.page': Statement<ThreadPage, SummaryRow>

  'message.find': Statement<{ id: number }, MessageRow>
  /** The newest broadcasts of a channel, newest first. */
  'message.authorsIn': Statement<{ channel: string; limit: number }, Authored>
  /** The newest direct messages to an agent, newest first. */
  'message.authorsTo': Statement<{ agentId: string; limit: number }, Authored>
  'message.author': Statement<{ id: number }, { from_agent: string }>
  'message.lastOf': Statement<{ agentId: string; sinceId: number }, MessageRow>

  'mailbox.find': Statement<{ agentId: string }, MailboxRow>
  'mailbox.known': Statement<{ limit: number }, { agent_id: string }>
  /** Sets where the mailbox begins. */
  'mailbox.begin': Statement<{ agentId: string; id: number }>
  /** One addressed message more. */
  'mailbox.deliver': Statement<{ agentId: string }>
  'mailbox.moveAmbient': Statement<{ agentId: string; ambientTo: number }>
  'mailbox.offerAmbient': Statement<{ agentId: string; upToId: number }>
  /** Counts down what is unread, and moves the cursors forward, never back. */
  'mailbox.show': Statement<{ agentId: string; unreadLess: number; ambientTo: number; lastId: number }>

  /** Ambient messages for an agent: those that it may see, without a receipt. */
  'ambient.after': Statement<AmbientPage, MessageRow>
  'ambient.between': Statement<AmbientRange, MessageRow>
  'ambient.idsBetween': Statement<AmbientRange, { id: number }>
  'ambient.count': Statement<AmbientPage, { count: number }>

  'receipt.insert': Statement<{ messageId: number; agentId: string; fromAgent: string }>
  'receipt.find': Statement<{ messageId: number; agentId: string }, Omit<ReceiptRow, 'ts'>>
  'receipt.ofMessage': Statement<{ messageId: number }, ReceiptRow>
  /** What may be offered, in id order; each counts this offer. */
  'receipt.available': Statement<{ agentId: string; nowMs: number; limit: number }, OfferedRow>
  'receipt.ofOffer': Statement<{ offerId: string }, OfferedRow>
  'receipt.keysOfOffer': Statement<
    { offerId: string; upToId: number },
    { message_id: number; acknowledged_at: string | null }
  >
  'receipt.offeredNow': Statement<{ agentId: string; nowMs: number }, { count: number }>
  'receipt.oldestUnread': Statement<{ agentId: string }, { ts: string }>
  /** `ids` is a JSON list of message ids. */
  'receipt.offer': Statement<{ agentId: string; ids: string; offerId: string; now: string }>
  'receipt.show': Statement<{ offerId: string; upToId: number; now: string; via: string | null }>
  /** What an offer held and was not shown is available again. */
  'receipt.free': Statement<{ offerId: string }>
  'receipt.acknowledge': Statement<{ messageId: number; agentId: string; now: string; note: string | null }>
  'receipt.undelivered': Statement<UndeliveredFilter, ReceiptRow>

  'offer.insert': Statement<OfferRow>
  'offer.find': Statement<{ offerId: string }, OfferRow>
  /** The reader's offer that has not lapsed and is not shown. */
  'offer.live': Statement<{ agentId: string; reader: string; nowMs: number }, OfferRow>
  /** A live offer of any reader that holds ambient messages. */
  'offer.withAmbient': Statement<{ agentId: string; nowMs: number }, { offer_id: string }>
  'offer.nextLapse': Statement<{ agentId: string; nowMs: number }, { lapses_at_ms: number }>
  'offer.extend': Statement<{ offerId: string; lapsesAtMs: number }>
  'offer.settle': Statement<{ offerId: string; shown: number }>
  /** Deletes offers that lapsed before then, the oldest first, at most `limit`. */
  'offer.forget': Statement<{ before: number; limit: number }>

  'outcome.find': Statement<{ scope: string; key: string; since: number }, StoredOutcome>
  'outcome.store': Statement<StoredOutcome & { scope: string; key: string; nowMs: number }>
  /** Deletes outcomes from before then, the oldest first, at most `limit`. */
  'outcome.forget': Statement<{ before: number; limit: number }>

  'hubState.find': Statement<{ hubId: string; key: string }, { value_json: string }>
  'hubState.set': Statement<{ hubId: string; key: string; value: string; nowMs: number }>
  'hubState.delete': Statement<{ hubId: string; key: string }>
  'hubState.forget': Statement<{ before: number }>

  'status.counts': Statement<{ now: string }, HubStatus['counts']>
}

export interface StoredOutcome {
  readonly request_hash: string
  /** The refusal's code; null for a success. */
  readonly code: string | null
  /** The result's JSON text, or the refusal's message. */
  readonly text: string
  readonly is_new: number
  /** JSON. */
  readonly beside: string | null
}
