// The options and results of the methods for leases and tasks (PROTOCOL §6, §7, §19, §20). As in options.ts, times are
// seconds, and an option that is absent takes the hub's default.

import type { ScopeMode } from '../protocol/kinds.js'
import type { Claim, Lock, Scope, Slot, Task } from '../protocol/objects.js'
import type { AttachmentInput, CallOptions, Metadata, TaskStatus, Under } from './options.js'

export interface LeaseOptions extends CallOptions {
  /** Seconds until it expires: 5 to 200,000,000,000, default 300. */
  ttlSec?: number | undefined
  /** The fence that came with the lease. If another has held it since, the call is refused with `stale_fence`. */
  fence?: number | undefined
}

export interface AcquireOptions extends LeaseOptions {
  /**
   * Seconds to wait in line if it can't be had at once: up to 1,000,000, default 0. At a hub without `arc:lease_wait` the
   * client tries again every second instead. An abort may come as the hub grants it; then it ends with its TTL.
   */
  wait?: number | undefined
  /** False: the client does not refresh the lease, which then ends after `ttlSec`. Default true. */
  keep?: boolean | undefined
}

export interface ClaimOptions extends AcquireOptions {
  /** The thread that lists the claim and gets the notice when its owner's session expires. */
  threadId?: string | undefined
  /** The task of a claim with a key of its own. */
  taskMessageId?: number | undefined
  metadata?: Metadata | undefined
}

export interface LockOptions extends AcquireOptions {
  /** `thread_id` in it adds the lock to that thread. `channel` in it gets the notice when the agent's session expires. */
  metadata?: Metadata | undefined
}

export interface WithLockOptions extends Omit<LockOptions, 'keep' | 'fence'> {
  /** Seconds to wait in line. Default 60. */
  wait?: number | undefined
  /** Seconds for which the lock outlives a client that has lost the hub. Default 60. */
  ttlSec?: number | undefined
}

/** A lock while the work under it runs. */
export interface HeldLock {
  readonly lock: Lock
  /** For what the work does under the lock. Undefined at a hub without fences. */
  readonly fence: number | undefined
  /** Aborted when the lock is lost, or when the caller's own signal is. Its reason is then an `ArcError` `lease_lost`. */
  readonly signal: AbortSignal
}

export interface ScopeOptions extends Omit<AcquireOptions, 'fence'> {
  /** Default `exclusive`. Shared scopes may meet each other. */
  mode?: ScopeMode | undefined
  /** A word for those who find it in their way, at most 4,096 characters. */
  reason?: string | undefined
  /** As of a lock. */
  metadata?: Metadata | undefined
}

export interface SlotOptions extends AcquireOptions {
  /** Agents that may hold the slot at a time, 1 to 1,000, default 1. The smallest that any of them gives counts. */
  capacity?: number | undefined
}

export interface ReleaseOptions extends CallOptions {
  /** Refuses the release if another has held the lease since. */
  fence?: number | undefined
  /** Releases what another agent holds; that one and the thread are told. Default false. */
  byOperator?: boolean | undefined
}

export interface ReleaseSlotOptions extends ReleaseOptions {
  /** With `byOperator`: whose holding, if there are several. */
  holder?: string | undefined
}

export interface ListClaimsOptions extends CallOptions {
  /** Only claims of this thread. */
  threadId?: string | undefined
  /** Leaves out released and expired claims. Default false. */
  activeOnly?: boolean | undefined
}

export interface ListLocksOptions extends CallOptions {
  /** Only locks of this agent. */
  agentId?: string | undefined
  /** Leaves out released and expired locks. Default false. */
  activeOnly?: boolean | undefined
}

export interface ListScopesOptions extends CallOptions {
  /** Only scopes that cover this path. */
  path?: string | undefined
  /** Only scopes of this agent. */
  agentId?: string | undefined
}

export interface ListSlotsOptions extends CallOptions {
  /** Only holdings of this slot. */
  name?: string | undefined
  /** Only holdings of this agent. */
  agentId?: string | undefined
}

/** What every acquire says besides its row. */
interface Acquired {
  readonly acquired: boolean
  /** Of this holding; with `acquired: false`, of the holder's. Undefined at a hub without fences. */
  readonly fence?: number | undefined
  /** With `acquired: false`: the agents that wait, in order. */
  readonly waiting?: readonly string[] | undefined
}

/** With `acquired: false`, `claim` is the holder's. */
export interface ClaimResult extends Acquired {
  readonly claim: Claim
}

/** With `acquired: false`, `lock` is the holder's. */
export interface LockResult extends Acquired {
  readonly lock: Lock
  /** With `acquired: false`: the scopes of other agents that cover the path. */
  readonly holders?: readonly InTheWay[] | undefined
}

/** A scope or a lock in the way. `meets`: the pairs of globs that meet, the asking agent's first. */
export type InTheWay = ((Scope & { kind: 'scope' }) | (Lock & { kind: 'lock' })) & {
  readonly meets: readonly (readonly [string, string])[]
}

export interface ScopeResult extends Acquired {
  /** Null with `acquired: false`. */
  readonly scope: Scope | null
  /** With `acquired: false`: what is in the way. */
  readonly holders?: readonly InTheWay[] | undefined
}

export interface SlotResult extends Acquired {
  /** With `acquired: false`: the holding that ends first, or null if others only wait. */
  readonly slot: Slot | null
  /** With `acquired: false`: all holdings. */
  readonly holders?: readonly Slot[] | undefined
}

export interface ListTasksOptions extends CallOptions {
  /** Only children of this task. */
  parentId?: number | undefined
  status?: TaskStatus | undefined
  channel?: string | undefined
  threadId?: string | undefined
}

export interface CreateTaskOptions extends CallOptions {
  /** Default `general`. */
  channel?: string | undefined
  /** The agent that shall do it, by a direct message. Absent: whoever takes it. */
  to?: string | undefined
  threadId?: string | undefined
  /** The task of which this is a part. */
  parentTaskId?: number | undefined
  attachments?: readonly AttachmentInput[] | undefined
  metadata?: Metadata | undefined
}

export interface NextTaskOptions extends Omit<AcquireOptions, 'fence'> {
  /** Only tasks of this channel. */
  channel?: string | undefined
  /** Only tasks of this thread. */
  threadId?: string | undefined
}

export interface AssignTaskOptions extends CallOptions {
  /** Seconds for which the agent has the task without a sign of work on it. Default 3,600. */
  ttlSec?: number | undefined
}

export interface CompleteTaskOptions extends CallOptions {
  /** Refuses the completion if another has held that lease since. `{ fence }` alone: the claim of the task. */
  under?: Under | { readonly fence: number } | undefined
}

/** A task that this agent has taken. */
export interface TakenTask {
  readonly task: Task
  /** Of its claim. */
  readonly fence: number
}

/** `parentCompleted`: this task was the last open child of its parent, so the parent is done as well. */
export interface TaskCompletion {
  readonly task: Task
  readonly parentCompleted: boolean
}
