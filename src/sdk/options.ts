// What callers of the SDK pass in and get back, beyond the wire's own objects. Options are camelCase;
// objects are as they are on the wire (PROTOCOL §2). Times are seconds, ids are integers.

import { ArcError } from '../protocol/errors.js'
import type { MESSAGE_KINDS, TASK_STATUSES } from '../protocol/kinds.js'
import { CLIENT_NUMBERS, misfit } from '../protocol/numbers.js'
import type { Claim, Lock, Message, Task } from '../protocol/objects.js'
import type { Transport } from './transport.js'

export type MessageKind = (typeof MESSAGE_KINDS)[number]
export type TaskStatus = (typeof TASK_STATUSES)[number]
export type Metadata = Record<string, unknown>

/** An attachment as it is posted (PROTOCOL §2). The hub drops fields that its type does not have. */
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
  /** Where the hub listens. Default `http://127.0.0.1:6969`. */
  baseUrl?: string | undefined
  /** Seconds to get a connection, and seconds to wait for an answer; a long-poll adds its own. Default 10, at most 1,000,000. */
  timeout?: number | undefined
  /** Seconds after the first failure in which a request is tried again. 0: never. Default 5. */
  retryFor?: number | undefined
  /** Another way to the hub than a socket; `baseUrl` is then unused. The client closes it. */
  transport?: Transport | undefined
}

export interface RelayClientOptions extends Omit<ClientOptions, 'baseUrl' | 'transport'> {
  /** The spool's folder, as this side of the sandbox sees it. Default `.arc-relay`. */
  spoolDir?: string | undefined
  /** Seconds between looks for an answer where the file system tells of no changes. Default 0.05. */
  pollIntervalSec?: number | undefined
}

export interface CallOptions {
  /** Aborting it rejects at once with `aborted` (the reason is the error's `cause`) and frees the socket. */
  signal?: AbortSignal | undefined
}

export interface RegisterOptions extends CallOptions {
  /** Default: the agent id. At most 64 characters. */
  displayName?: string | undefined
  capabilities?: readonly string[] | undefined
  metadata?: Metadata | undefined
  /** Takes the place of an active session of the same agent. Default false: then that is `session_exists`. */
  replace?: boolean | undefined
}

export interface QuickstartOptions extends ClientOptions, Omit<RegisterOptions, 'replace'> {}

export interface CreateChannelOptions extends CallOptions {
  metadata?: Metadata | undefined
}

export interface DirectMessageOptions extends CallOptions {
  /** Default `chat`. */
  kind?: MessageKind | undefined
  threadId?: string | undefined
  replyTo?: number | undefined
  attachments?: readonly AttachmentInput[] | undefined
  metadata?: Metadata | undefined
  parentTaskId?: number | undefined
  /** A direct message's channel is only a label. Default `direct`. */
  channel?: string | undefined
}

export interface PostOptions extends DirectMessageOptions {
  /** Makes it a direct message to this agent. Absent: a broadcast to `channel`, by default `general`. */
  to?: string | undefined
}

export interface PollOptions extends CallOptions {
  /** Seconds to wait for a message. 0: only look. Default 30. */
  timeout?: number | undefined
  channel?: string | undefined
  threadId?: string | undefined
  /** Messages at most: 1 to 500, default 100. */
  limit?: number | undefined
  /** Reads what follows this id, rather than what follows the last poll. */
  sinceId?: number | undefined
  /** Default false: your own messages are left out. */
  includeSelf?: boolean | undefined
}

export interface FeedOptions extends CallOptions {
  channel?: string | undefined
  threadId?: string | undefined
  /** Starts after this id. Default: with what is posted after the iteration began. */
  sinceId?: number | undefined
  /** Default false: your own messages are left out. */
  includeSelf?: boolean | undefined
}

export interface ListMessagesOptions extends CallOptions {
  channel?: string | undefined
  threadId?: string | undefined
  /** Default 0. */
  sinceId?: number | undefined
  /** 1 to 500, default 100. */
  limit?: number | undefined
  /** Seconds to wait when there is none yet: 0 to 60, default 0. */
  timeout?: number | undefined
  /** The newest `limit` messages rather than the oldest; where `sinceId` is absent or 0. */
  tail?: boolean | undefined
}

export interface InboxOptions extends CallOptions {
  sinceId?: number | undefined
  limit?: number | undefined
  tail?: boolean | undefined
}

export interface LeaseOptions extends CallOptions {
  /** Seconds until it lapses: 5 or more, default 300. */
  ttlSec?: number | undefined
}

export interface ClaimOptions extends LeaseOptions {
  threadId?: string | undefined
  /** The task that a claim with a key of its own is about. */
  taskMessageId?: number | undefined
  metadata?: Metadata | undefined
}

export interface LockOptions extends LeaseOptions {
  /** `thread_id` in it counts the lock into that thread, `channel` is where its expiry is announced. */
  metadata?: Metadata | undefined
}

export interface ListAgentsOptions extends CallOptions {
  capability?: string | undefined
}

export interface ListClaimsOptions extends CallOptions {
  threadId?: string | undefined
  activeOnly?: boolean | undefined
}

export interface ListLocksOptions extends CallOptions {
  agentId?: string | undefined
  activeOnly?: boolean | undefined
}

export interface ListTasksOptions extends CallOptions {
  parentId?: number | undefined
  status?: TaskStatus | undefined
  channel?: string | undefined
  threadId?: string | undefined
}

/** Who is to do it: one agent (a direct message), or whoever reads a channel. */
export type CallTarget = string | { readonly to: string } | { readonly channel: string }

export interface TaskRequestOptions extends CallOptions {
  /** Seconds to wait for the result. Default 60. */
  timeout?: number | undefined
  threadId?: string | undefined
  attachments?: readonly AttachmentInput[] | undefined
  metadata?: Metadata | undefined
  parentTaskId?: number | undefined
}

/** What a handler of `serve` answers with: the body alone, or more. */
export type TaskAnswer =
  | string
  | {
      readonly body?: string | undefined
      readonly attachments?: readonly AttachmentInput[] | undefined
      readonly metadata?: Metadata | undefined
    }

/** `signal` is aborted when `serve` ends; what the handler then returns is not posted. */
export type TaskHandler = (
  request: Message,
  context: { readonly signal: AbortSignal },
) => TaskAnswer | Promise<TaskAnswer>

export interface ServeOptions extends CallOptions {
  /** Handlers at work at the same time. Default 1. */
  concurrency?: number | undefined
}

/** `acquired: false` comes with the holder's claim. */
export interface ClaimResult {
  readonly acquired: boolean
  readonly claim: Claim
}

/** `acquired: false` comes with the holder's lock. */
export interface LockResult {
  readonly acquired: boolean
  readonly lock: Lock
}

/** `parentCompleted`: it was the last open child, and its parent is done with it. */
export interface TaskCompletion {
  readonly task: Task
  readonly parentCompleted: boolean
}

/** An option that is a number. @throws ArcError `invalid_request` that names it, where it leaves its bounds */
export function checkedNumber(name: keyof typeof CLIENT_NUMBERS, value: number): number {
  const problem = misfit(value, CLIENT_NUMBERS[name])
  if (problem) throw new ArcError('invalid_request', `${name} ${problem}`)
  return value
}
