// The options and results of the SDK's methods, except the wire's own objects. Options are camelCase; objects have the
// wire's names (PROTOCOL §2). Times are seconds, ids are integers. An option that is absent takes the hub's default.

import { ArcError } from '../protocol/errors.js'
import type { MESSAGE_KINDS, TASK_STATUSES } from '../protocol/kinds.js'
import { CLIENT_NUMBERS, misfit } from '../protocol/numbers.js'
import type { Message, Recipient } from '../protocol/objects.js'
import type { Transport } from './transport.js'

export type MessageKind = (typeof MESSAGE_KINDS)[number]
export type TaskStatus = (typeof TASK_STATUSES)[number]
export type Metadata = Record<string, unknown>

/** An attachment to post (PROTOCOL §2). The hub drops fields that its type does not have. */
export type AttachmentInput =
  | { type: 'text'; content: string }
  | { type: 'json'; content: unknown }
  | { type: 'code'; content: string; language?: string | undefined }
  | {
      type: 'file_ref'
      path: string
      description?: string | undefined
      start_line?: number
      end_line?: number
    }
  | {
      type: 'diff_ref'
      path: string
      description?: string | undefined
      base?: string | undefined
      head?: string | undefined
      start_line?: number
      end_line?: number
    }

export interface ClientOptions {
  /**
   * The hub's address, with a path if the hub stands behind one. Default: ARC_BASE_URL, else the nearest `.arc/.arc.pid`
   * or `.arc.pid` from the working folder upward that may be believed (PROTOCOL §11), else `http://127.0.0.1:6969`.
   */
  baseUrl?: string | undefined
  /** Seconds to connect, and seconds to wait for an answer; a long-poll adds its own. Default 10, at most 1,000,000. */
  timeout?: number | undefined
  /** Seconds after the first failure in which the client tries a request again. 0: never. Default 5, at most 1,000,000. */
  retryFor?: number | undefined
  /** A transport of your own; `baseUrl` is then unused. The client closes it. */
  transport?: Transport | undefined
}

export interface RelayClientOptions extends Omit<ClientOptions, 'baseUrl' | 'transport'> {
  /** The spool's folder, as this side of the sandbox sees it. Default `.arc-relay`. */
  spoolDir?: string | undefined
  /** Seconds between two looks for an answer where the file system reports no changes. Default 0.05. */
  pollIntervalSec?: number | undefined
}

export interface CallOptions {
  /** Its abort rejects the call at once with `aborted` (the reason is the error's `cause`) and frees the socket. */
  signal?: AbortSignal | undefined
}

export interface RegisterOptions extends CallOptions {
  /** At most 64 characters. Default: the agent id. */
  displayName?: string | undefined
  /** Default none. `listAgents` can filter by one. */
  capabilities?: readonly string[] | undefined
  /** Default `{}`. */
  metadata?: Metadata | undefined
  /** Replaces an active session of the same agent. Default false: the call is then refused with `session_exists`. */
  replace?: boolean | undefined
  /** Takes up an active session of the same agent as it is, before `replace`. Default false. */
  reuse?: boolean | undefined
  /** Seconds without a sign of life after which the session expires: 5 to 86,400. Default: the hub's, 120. */
  presenceTtlSec?: number | undefined
  /** The program that the agent works in, as a word such as `claude-code`. Default none. */
  harness?: string | undefined
  /** The process with which the session ends, and its start: in milliseconds, as text or as a Date. `false`: none. Default: this process. */
  process?: { readonly pid: number; readonly startedAt: number | string | Date } | false | undefined
}

export interface QuickstartOptions extends ClientOptions, Omit<RegisterOptions, 'replace'> {}

export interface CreateChannelOptions extends CallOptions {
  /** Of a new channel. Default `{}`. */
  metadata?: Metadata | undefined
}

export interface DirectMessageOptions extends CallOptions {
  /** Default `chat`. */
  kind?: MessageKind | undefined
  threadId?: string | undefined
  /** A message id. In a `task_result`, the id of the `task_request` that it completes. */
  replyTo?: number | undefined
  /** At most 32, the hub's default limit. */
  attachments?: readonly AttachmentInput[] | undefined
  /** Default `{}`. A message with `no_reply: true` wakes nobody (§18). */
  metadata?: Metadata | undefined
  /** The id of an existing task; an unknown one is a 400. */
  parentTaskId?: number | undefined
  /** A direct message's channel is only a label. Default `direct`. */
  channel?: string | undefined
  /** The message is refused (`unknown_recipient`) if its addressee never signed in. Default false. */
  toMustExist?: boolean | undefined
}

/** The lease under which something is done: the hub refuses it with `stale_fence` if another has held the lease since. */
export type Under =
  | { readonly fence: number | undefined; readonly lock: string }
  | { readonly fence: number | undefined; readonly claim: string | number }

export interface PostOptions extends DirectMessageOptions {
  /** The post is refused (`stale`) if others have posted to the channel or thread after this message. */
  ifLatest?: number | undefined
  /** The lease under which the post is made. */
  under?: Under | undefined
  /** The addressee of a direct message. Absent: the message is a broadcast to `channel`, by default `general`. */
  to?: string | undefined
}

export interface PollOptions extends CallOptions {
  /** Seconds to wait for a message. 0: no wait. Default 30, at most 1,000,000. */
  timeout?: number | undefined
  /** Only messages of this channel. */
  channel?: string | undefined
  /** Only messages of this thread. */
  threadId?: string | undefined
  /** Messages at most: 1 to 500, default 100. */
  limit?: number | undefined
  /** Reads the messages after this id, instead of those after the view's cursor. */
  sinceId?: number | undefined
  /** Default false: the poll leaves out this agent's own messages. */
  includeSelf?: boolean | undefined
}

export interface FeedOptions extends CallOptions {
  channel?: string | undefined
  threadId?: string | undefined
  /** Starts after this id. Default: with the first message after the iteration began. */
  sinceId?: number | undefined
  /** Default false: the feed leaves out this agent's own messages. */
  includeSelf?: boolean | undefined
}

export interface ListMessagesOptions extends CallOptions {
  channel?: string | undefined
  threadId?: string | undefined
  /** Default 0. */
  sinceId?: number | undefined
  /** The newest messages before this id. */
  beforeId?: number | undefined
  /** 1 to 500, default 100. */
  limit?: number | undefined
  /** Seconds to wait for the first message: 0 to 60, default 0. A hub that stops answers at once, with none. */
  timeout?: number | undefined
  /** The newest `limit` messages instead of the oldest. It has no effect with a `sinceId` above 0. */
  tail?: boolean | undefined
}

export interface InboxOptions extends CallOptions {
  /** Default 0. */
  sinceId?: number | undefined
  /** The newest messages before this id. */
  beforeId?: number | undefined
  /** 1 to 500, default 100. */
  limit?: number | undefined
  /** The newest `limit` messages instead of the oldest. It has no effect with a `sinceId` above 0. */
  tail?: boolean | undefined
}

export interface ListAgentsOptions extends CallOptions {
  /** Only agents with this capability. */
  capability?: string | undefined
}

export interface UndeliveredOptions extends CallOptions {
  /** The sender. Default: this agent. `null`: any. */
  from?: string | null | undefined
  /** The addressee. Default: any. */
  to?: string | undefined
  /** Only messages that are older than so many seconds. Default 0. */
  olderThanSec?: number | undefined
  /** 1 to 500, default 100. */
  limit?: number | undefined
}

export interface WakeOptions extends CallOptions {
  /** Seconds to wait until the agent may be woken. Default 0, at most 60. */
  timeout?: number | undefined
}

export interface OfferOptions extends CallOptions {
  /** Seconds to wait for the first message. Default 0, at most 1,000,000. */
  timeout?: number | undefined
  /** Messages at most: 1 to 500, default 100. */
  limit?: number | undefined
  /** How the messages are shown, a word for the receipts. Default `sdk`. */
  via?: string | undefined
  /** Seconds after which the hub offers them again if this process dies: 5 to 300, default 30. */
  leaseSec?: number | undefined
}

/** What an agent's mailbox has for it next. The client renews the offer until `shown`. */
export interface OfferedMessages {
  /** In id order. */
  readonly messages: readonly ReceivedMessage[]
  /** The ids of those that are addressed to the agent. The others are ambient. */
  readonly addressed: ReadonlySet<number>
  /** How many more there are to read. The hub counts ambient messages up to 1,000. */
  readonly left: { readonly messages: number; readonly ambient: number }
  /**
   * Tells the hub that the messages, or those up to an id, were shown. The others are offered again at once, so call it once:
   * another id later is `offer_lapsed`. If the hub does not hear it, it offers all again, and the same call may be repeated.
   */
  shown(upToId?: number): Promise<void>
}

export interface AckOptions extends CallOptions {
  /** A word for the sender, at most 4,096 characters. */
  note?: string | undefined
}

/** A message from a mailbox or the feed. `offers`, if it was offered before: how often, this time included. */
export interface ReceivedMessage extends Message {
  readonly offers?: number | undefined
}

/** A message that was posted. `recipient`: how far the addressee of a direct message has come (PROTOCOL §18). */
export interface PostedMessage extends Message {
  readonly recipient?: Recipient | undefined
}

/** The addressee of a call: one agent (by a direct message), or the readers of a channel. */
export type CallTarget = string | { readonly to: string } | { readonly channel: string }

export interface TaskRequestOptions extends CallOptions {
  /** Seconds to wait for the result. Default 60, at most 1,000,000. */
  timeout?: number | undefined
  threadId?: string | undefined
  attachments?: readonly AttachmentInput[] | undefined
  metadata?: Metadata | undefined
  parentTaskId?: number | undefined
  /** Default true. False for a caller that hands the result on, and acknowledges it when it has arrived. */
  ack?: boolean | undefined
}

/** The answer of a `serve` handler: the body alone, or with attachments and metadata. */
export type TaskAnswer =
  | string
  | {
      readonly body?: string | undefined
      readonly attachments?: readonly AttachmentInput[] | undefined
      readonly metadata?: Metadata | undefined
    }

/** `signal` is aborted when `serve` ends. `serve` then posts no answer of this handler. */
export type TaskHandler = (
  request: Message,
  context: { readonly signal: AbortSignal },
) => TaskAnswer | Promise<TaskAnswer>

export interface ServeOptions extends CallOptions {
  /** How many handlers run at the same time. Default 1. */
  concurrency?: number | undefined
}

/** Checks a numeric option. @throws ArcError `invalid_request` that names the option and its bounds */
export function checkedNumber(name: keyof typeof CLIENT_NUMBERS, value: number): number {
  const problem = misfit(value, CLIENT_NUMBERS[name])
  if (problem) throw new ArcError('invalid_request', `${name} ${problem}`)
  return value
}
