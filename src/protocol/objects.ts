// The objects of PROTOCOL §2 and §8, one schema each. The project's types come from these schemas.
//
// Times are RFC 3339 in UTC with a trailing `Z`: whole seconds, unless a member says otherwise. Ids are integers up to
// 2^53−1. `metadata` is any JSON object.

import { z } from 'zod'
import type { Attachment } from './attachments.js'
import { type MessageKind, SCOPE_MODES, TASK_STATUSES } from './kinds.js'

const text = z.string()
const textOrNull = z.string().nullable()
const id = z.int().nonnegative()
const idOrNull = id.nullable()
/** As the sender gave it: a request may name a message that does not exist, by any integer (PROTOCOL §2). */
const referenceOrNull = z.int().nullable()
const metadata = z.record(z.string(), z.unknown())
/** [ours] §19: in listings, the agents that wait for an active lease, in order. */
const waiting = z.array(text).optional()

/** A channel (§2, §4). `created_by`: an agent id; null if the request named no creator. */
export const channel = z.object({ name: text, created_at: text, created_by: textOrNull, metadata })
export type Channel = z.infer<typeof channel>

/** A session (§2, §3). An agent has at most one with `active: true`. `last_seen`: its last sign of life. */
export const session = z.object({
  session_id: text,
  agent_id: text,
  display_name: text,
  capabilities: z.array(text),
  metadata,
  created_at: text,
  last_seen: text,
  active: z.boolean(),
  /** [ours] §17: these three only if the session was opened with them. */
  presence_ttl_sec: z.int().optional(),
  harness: text.optional(),
  process: z.object({ pid: z.int(), started_at: text }).optional(),
})
export type Session = z.infer<typeof session>

export const message = z.object({
  id,
  ts: text,
  from_agent: text,
  to_agent: textOrNull,
  channel: text,
  kind: text,
  body: text,
  attachments: z.array(z.record(z.string(), z.unknown())),
  reply_to: referenceOrNull,
  thread_id: textOrNull,
  metadata,
})
/**
 * A message (§2, §4). `ts` may have milliseconds. `to_agent` is null for a broadcast. `kind` is open: a client keeps messages
 * of unknown kinds. Our hubs store no other attachments than these; another implementation may.
 */
export interface Message extends Omit<z.infer<typeof message>, 'kind' | 'attachments'> {
  kind: MessageKind | (string & {})
  attachments: Attachment[]
}

/** A claim (§2, §6). It is active while `released_at` is null and `expires_at` is not past. */
export const claim = z.object({
  claim_key: text,
  thread_id: textOrNull,
  task_message_id: referenceOrNull,
  owner_agent_id: text,
  claimed_at: text,
  expires_at: text,
  released_at: textOrNull,
  metadata,
  waiting,
})
export type Claim = z.infer<typeof claim>

/** A file lock (§2, §6). It is active while `released_at` is null and `expires_at` is not past. */
export const lock = z.object({
  file_path: text,
  agent_id: text,
  locked_at: text,
  expires_at: text,
  released_at: textOrNull,
  metadata,
  waiting,
})
export type Lock = z.infer<typeof lock>

/** [ours] A scope (§19). `scope_id` is its fence as well. `released_at` is only in the answer of its release. */
export const scope = z.object({
  scope_id: id,
  agent_id: text,
  globs: z.array(text),
  mode: z.enum(SCOPE_MODES),
  reason: textOrNull,
  acquired_at: text,
  expires_at: text,
  released_at: text.optional(),
  metadata,
  waiting,
})
export type Scope = z.infer<typeof scope>

/** [ours] A holding of a slot (§19). `released_at` is only in the answer of its release. */
export const slot = z.object({
  name: text,
  agent_id: text,
  capacity: id,
  acquired_at: text,
  expires_at: text,
  released_at: text.optional(),
  waiting,
})
export type Slot = z.infer<typeof slot>

/** A task (§2, §7). `task_id` is the id of the message that opened it. `completed_at` is null while it is open. */
export const task = z.object({
  task_id: id,
  parent_task_id: idOrNull,
  channel: text,
  thread_id: textOrNull,
  status: z.enum(TASK_STATUSES),
  created_at: text,
  completed_at: textOrNull,
  /** [ours] §20: the first line of the opening message's body, at most 200 characters. */
  title: text.optional(),
  /** [ours] §20: who posted the task; null if its message is not there. */
  from_agent: textOrNull.optional(),
  /** [ours] §20: who holds the claim of the task. */
  assignee: textOrNull.optional(),
})
export type Task = z.infer<typeof task>

/** The summary of a thread (§2, §5). Ids and `latest_message_ts` are null if the thread has no such message or task. */
export const threadSummary = z.object({
  thread_id: text,
  channel: textOrNull,
  root_task_id: idOrNull,
  latest_message_id: idOrNull,
  latest_message_ts: textOrNull,
  latest_artifact_id: idOrNull,
  message_count: id,
  total_task_count: id,
  open_task_count: id,
  active_claim_count: id,
  active_lock_count: id,
  status: z.enum(['completed', 'open', 'waiting']),
})
export type ThreadSummary = z.infer<typeof threadSummary>

/** `GET /v1/threads/{thread_id}` (§5): all messages of the thread, direct ones included, in id order. */
export const threadDetail = z.object({
  thread: threadSummary,
  messages: z.array(message),
  tasks: z.array(task),
  claims: z.array(claim),
  locks: z.array(lock),
})
export type ThreadDetail = Omit<z.infer<typeof threadDetail>, 'messages'> & { messages: Message[] }

/** `GET /v1/bootstrap` (§3). `latest_visible_id`: the highest id that the agent may see, 0 if none. */
export const bootstrap = z.object({
  agent_id: text,
  session: session.nullable(),
  latest_visible_id: id,
  live_agents: z.array(session),
  default_channel: text,
})
export type Bootstrap = z.infer<typeof bootstrap>

/** `GET /v1/hub-info` (§8). `instance_id` names the stored state, not the process. The maxima are in characters. */
export const hubInfo = z.object({
  instance_id: text,
  protocol_version: text,
  implementation: text,
  implementation_version: text,
  default_channel: text,
  max_body_chars: id,
  max_attachment_chars: id,
  max_attachments: id,
  features: z.array(text),
  message_kinds: z.array(text),
  storage_path: text,
  journal_mode: text,
  wal_mode: z.boolean(),
  allow_remote: z.boolean(),
  /** [ours] Seconds without a sign of life after which a session expires. */
  presence_ttl_sec: z.int().optional(),
})
export type HubInfo = z.infer<typeof hubInfo>

/** `GET /v1/shutdown` (§8), while a shutdown is pending. */
export const shutdown = z.object({ remaining_sec: z.number(), delay_sec: z.number() })
export type Shutdown = z.infer<typeof shutdown>

/** [ours] `GET /v1/status` (§8): the process behind the address, so that a command can compare it with the pid file. */
export const hubStatus = z.object({
  instance_id: text,
  implementation_version: text,
  pid: id,
  /** RFC 3339 with milliseconds. */
  started_at: text,
  uptime_sec: z.number(),
  storage_path: text,
  /** The folder of the file relay; null if it is off. */
  spool_dir: text.nullable(),
  allow_remote: z.boolean(),
  counts: z.object({
    agents: id,
    channels: id,
    messages: id,
    open_tasks: id,
    active_claims: id,
    active_locks: id,
  }),
  /** From the storage's own connection. A commit survives power loss if `synchronous` is `full`. */
  durability: z.object({ journal_mode: text, synchronous: text }),
  /** Why the hub refuses writes, and what to do; null if it stores them. */
  storage_problem: textOrNull,
  /** 0; while the storage does not answer, for how long, and `counts` are the last ones. */
  storage_silent_sec: z.number(),
  /** Transactions since the storage actor started. Many commands share one. */
  commits: id,
  /** Parked requests: long-polls and streams that wait for their next message. */
  waiting_polls: id,
  /** Agents in a long-poll, or with an open stream. */
  waiting_agents: z.array(text),
  /** Open streams, parked or not. */
  open_streams: id,
})
export type HubStatus = z.infer<typeof hubStatus>
/** The part of a status about long-polls and streams, over all doors. */
export type Waiting = Pick<HubStatus, 'waiting_polls' | 'waiting_agents' | 'open_streams'>

// [ours] Mailboxes and receipts (§18)

/** How far a message has come on its way to an addressee. */
export const RECEIPT_STATES = ['queued', 'offered', 'shown', 'acknowledged'] as const
/** Why a message is not shown yet. `offered`: an offer of it was not said to be shown, `offers` times so far. */
export const RECEIPT_REASONS = ['unknown_agent', 'away', 'no_reader', 'offered'] as const

/** A receipt: one message and one of its addressees. Times have milliseconds. `offered_at`: the last offer. */
export const receipt = z.object({
  message_id: id,
  from_agent: text,
  agent_id: text,
  state: z.enum(RECEIPT_STATES),
  offers: id,
  queued_at: text,
  offered_at: textOrNull,
  shown_at: textOrNull,
  acknowledged_at: textOrNull,
  /** How it was shown, as the reader said. */
  via: textOrNull,
  /** What the addressee said when it acknowledged the message. */
  note: textOrNull,
  /** Null once it is shown or acknowledged. */
  reason: z.enum(RECEIPT_REASONS).nullable(),
})
export type Receipt = z.infer<typeof receipt>

/** The addressee of a direct message, beside the answer to the post. `known`: it has had a session. */
export const recipient = z.object({
  agent_id: text,
  known: z.boolean(),
  present: z.boolean(),
  last_seen: textOrNull,
  /** Addressed messages that it has neither been shown nor acknowledged. */
  unread: id,
  last_shown_id: idOrNull,
})
export type Recipient = z.infer<typeof recipient>

/** `GET /v1/mailboxes/{agent_id}`. `ambient_unread` counts up to 1,000. */
export const mailbox = recipient.extend({ ambient_unread: id, oldest_unread_at: textOrNull })
export type Mailbox = z.infer<typeof mailbox>

/** [ours] A row of messages among agents that no person has joined, so that it wakes nobody further (§18). */
export const heldWake = z.object({
  agent_id: text,
  /** The channel of the row; null between two agents. */
  channel: textOrNull,
  /** The other agent of the two; null in a channel. */
  with_agent: textOrNull,
  /** The message that wakes nobody. */
  message_id: id,
  /** The row's messages are at least so many. */
  messages: id,
})
export type HeldWake = z.infer<typeof heldWake>

/** [ours] `GET /v1/mailboxes/{agent_id}/wake` (§18). `message_id` and `from_agent` are of the first message that may wake the agent. */
export const wake = z.object({
  agent_id: text,
  wake: z.boolean(),
  message_id: idOrNull,
  from_agent: textOrNull,
  unread: id,
  held: z.array(heldWake),
  /** The answer knows all messages up to this one. */
  up_to_id: id,
})
export type Wake = z.infer<typeof wake>

/** A message in an offer. `offers`: how often it was offered, this time included. `cut`: the body is not whole. */
export const offeredMessage = message.extend({ offers: id, cut: z.boolean().optional() })
export type OfferedMessage = Message & { offers: number; cut?: boolean | undefined }

/** An offer: what to show next. `offer_id` is null if there is nothing. `left` counts what is not in it. */
export const offer = z.object({
  offer_id: textOrNull,
  messages: z.array(offeredMessage),
  ambient: z.array(offeredMessage),
  left: z.object({ messages: id, ambient: id }),
})
export type Offer = Omit<z.infer<typeof offer>, 'messages' | 'ambient'> & {
  messages: OfferedMessage[]
  ambient: OfferedMessage[]
}

/** [ours] What an agent waits for, with its position in the line (§19). */
const waitFor = z.object({
  kind: z.enum(['claim', 'lock', 'scope', 'slot', 'task']),
  /** Not for a task. */
  key: text.optional(),
  /** These two only for a task. */
  channel: textOrNull.optional(),
  thread_id: textOrNull.optional(),
  since: text,
  position: id,
})

/** `GET /v1/agents/{agent_id}` (§17): one agent whole. */
export const agent = z.object({
  agent_id: text,
  session: session.nullable(),
  mailbox,
  claims: z.array(claim),
  locks: z.array(lock),
  scopes: z.array(scope).optional(),
  slots: z.array(slot).optional(),
  waits_for: z.array(waitFor).optional(),
  /** Open tasks that were sent to it, or whose claim it holds. */
  tasks: z.array(task),
  /** Its newest message among the newest 10,000 of the hub. */
  last_message: message.nullable(),
})
export type Agent = Omit<z.infer<typeof agent>, 'last_message'> & { last_message: Message | null }
