// A door's requests to the storage, as typed data. Commands change something, and are durable before they are answered.
// Queries only read. Pages are the message listings that a long-poll repeats.

import type { z } from 'zod'
import type { Limits } from '../protocol/limits.js'
import type { HubStatus, Waiting } from '../protocol/objects.js'
import type * as requests from '../protocol/requests.js'

type Input<S extends z.ZodType> = z.output<S>

/** Commands by name. A metadata object crosses the port as JSON text, since one string is cheaper to copy. */
export interface Commands {
  'session.open': WithJson<Input<typeof requests.openSession>>
  /** A sign of life, which the submission's `touches` stores. Tells whether there is a session. */
  'session.alive': Input<typeof requests.keepAlive>
  'session.rename': Input<typeof requests.renameSession>
  'session.close': Input<typeof requests.closeSession>
  'channel.create': WithJson<Input<typeof requests.createChannel>>
  'message.post': WithJson<requests.PostMessage> & Fenced
  'mailbox.offer': Omit<Input<typeof requests.offerMailbox>, 'timeout'>
  'mailbox.shown': Input<typeof requests.markShown>
  'message.acknowledge': Input<typeof requests.acknowledge>
  'claim.acquire': WithJson<Input<typeof requests.acquireClaim>> & Waits
  'claim.refresh': Input<typeof requests.refreshClaim>
  'claim.release': Input<typeof requests.releaseClaim>
  'lock.acquire': WithJson<Input<typeof requests.acquireLock>> & Waits
  'lock.refresh': Input<typeof requests.refreshLock>
  'lock.release': Input<typeof requests.releaseLock>
  'scope.acquire': WithJson<Input<typeof requests.acquireScope>> & Waits
  'scope.refresh': Input<typeof requests.refreshScope>
  'scope.release': Input<typeof requests.releaseScope>
  'slot.acquire': Input<typeof requests.acquireSlot> & Waits
  'slot.refresh': Input<typeof requests.refreshSlot>
  'slot.release': Input<typeof requests.releaseSlot>
  /** Says that requests still wait at these places. Gives their `Prospects`. A door sends it. */
  'waits.renew': { places: readonly number[] }
  /** Says that requests wait at these places no longer. A door sends it. */
  'waits.end': { places: readonly number[] }
  'task.complete': Input<typeof requests.completeTask> & Fenced
  'task.next': Input<typeof requests.nextTask> & Waits
  'task.assign': Input<typeof requests.assignTask>
  'task.reopen': Input<typeof requests.reopenTask>
  'shutdown.begin': Input<typeof requests.beginShutdown>
  'shutdown.cancel': Record<never, never>
  /** Posts the last notice of the pending shutdown, whose time has come. The hub itself sends it. */
  'shutdown.fire': Record<never, never>
  'network.set': { allow_remote: boolean; listen_host: string }
  /** Ends expired sessions and releases what they held. The hub itself sends it. */
  'sessions.expire': Record<never, never>
  /** Ends the sessions whose process has ended, and releases what they held. The hub itself sends it. */
  'sessions.end': { sessionIds: readonly string[] }
  /** Gives every agent that was present before a suspension one presence TTL more. The hub itself sends it. */
  'sessions.spare': { suspendedAtMs: number }
}

/** An engine's part of `GET /v1/status`. */
export type Health = Pick<HubStatus, 'durability' | 'commits' | 'storage_problem'>

export interface Queries {
  'agents.list': Input<typeof requests.listAgents>
  'agents.bootstrap': Input<typeof requests.bootstrapQuery>
  'agents.get': Input<typeof requests.getAgent>
  'channels.list': Record<never, never>
  'inbox.list': Input<typeof requests.listInbox>
  'messages.get': Input<typeof requests.getMessage>
  /** What an offer would find, as a `Prospect`. */
  'mailbox.look': Pick<Input<typeof requests.offerMailbox>, 'agent_id' | 'reader' | 'ambient'>
  /** Whether the agent may be woken, as a `WakeLook`. */
  'mailbox.wake': Input<typeof requests.getMailbox> & LoopGuard
  'wakes.held': LoopGuard
  'mailbox.get': Input<typeof requests.getMailbox>
  'receipts.list': Input<typeof requests.getMessage>
  'receipts.undelivered': Input<typeof requests.listUndelivered>
  'threads.list': Input<typeof requests.listThreads>
  'threads.get': Input<typeof requests.getThread>
  'claims.list': Input<typeof requests.listClaims>
  'locks.list': Input<typeof requests.listLocks>
  'tasks.list': Input<typeof requests.listTasks>
  'scopes.list': Input<typeof requests.listScopes>
  'slots.list': Input<typeof requests.listSlots>
  /** Gives the `Prospects` of requests that wait at these places. */
  'waits.look': { places: readonly number[] }
  'shutdown.get': Record<never, never>
  'status.get': Waiting & Health
}

/** The kinds of lines in which agents wait: for one lease, or for a task that fits. */
export type WaitKind = 'claim' | 'lock' | 'scope' | 'slot' | 'task'

/**
 * What becomes of a request that can't be granted. `join`: it gets a place in the line. `last`: it does not wait any
 * longer. Absent: it never waited.
 */
export type Wait = 'join' | 'last'

export interface Waits {
  readonly wait?: Wait | undefined
}

export interface Fenced {
  /** The lease without whose newest fence the command is refused. */
  readonly fencing?: requests.Fencing | undefined
}

/** What waiting requests may expect. */
export interface Prospects {
  /** The places whose requests should ask again now. */
  readonly ready: readonly number[]
  /** Milliseconds until it is worth to look again without another change; null if there is no such time. */
  readonly nextInMs: number | null
}

/** Messages of agents in a row without a person, after which they wake nobody: in a channel, and between two agents. 0: never. */
export interface LoopGuard {
  readonly channelMessages: number
  readonly pairMessages: number
}

export function loopGuardOf({ loopGuardChannel, loopGuardPair }: Limits): LoopGuard {
  return { channelMessages: loopGuardChannel, pairMessages: loopGuardPair }
}

/** What an offer would find now. */
export interface Prospect {
  /** An offer may hold something, or has the mailbox to bring up to date. */
  readonly isWorthwhile: boolean
  /** The look saw all messages up to this id. */
  readonly upToId: number
  /** Milliseconds until the first offer to another reader lapses; null if there is none. */
  readonly lapsesInMs: number | null
}

/** Selects the messages of a listing, a long-poll or a stream. */
export interface MessageFilter {
  /** This agent's feed, with its direct messages. Absent: broadcasts only. */
  readonly agentId?: string | undefined
  /** Messages in one of these channels. */
  readonly channels?: readonly string[] | undefined
  readonly threadId?: string | undefined
  /** With `agentId`: without the agent's own messages. */
  readonly excludeSelf?: boolean | undefined
}

export interface PageQuery extends MessageFilter {
  readonly sinceId: number
  /** Only messages with a lower id: the newest `limit` of them. */
  readonly beforeId?: number | undefined
  readonly limit: number
  /** The newest `limit` rows instead of the first ones after `sinceId`. */
  readonly tail?: boolean | undefined
}

/** Messages in ascending order, as JSON texts. */
export interface Page {
  readonly items: readonly string[]
  /** The search ended at this id. */
  readonly upToId: number
  /** The page ends before its limit, because its rows are large. */
  readonly isCut?: boolean | undefined
}

/** A committed message: its JSON text, built once, and the members that decide who may see it. */
export interface FeedMessage {
  readonly id: number
  readonly from: string
  readonly to: string | null
  readonly channel: string
  readonly threadId: string | null
  readonly json: string
}

type WithJson<T> = { [K in keyof T]: K extends 'metadata' | 'attachments' ? string : T[K] }

type Named<M> = { [K in keyof M & string]: { readonly op: K; readonly input: M[K] } }[keyof M & string]
export type Command = Named<Commands>
export type Query = Named<Queries>

/** A client's promise that requests with this key are one request (PROTOCOL §9). */
export interface IdempotencyKey {
  /** The owner of the key: `http`, or one agent of the file relay. */
  readonly scope: string
  readonly key: string
  /** SHA-256 of method, path and body, base64url. */
  readonly requestHash: string
  /** Returns only a stored answer and executes nothing: the request is too old (PROTOCOL §10). */
  readonly replayOnly?: boolean | undefined
}

/** One command, as a door submits it. */
export interface Submission {
  readonly command: Command
  readonly idempotency?: IdempotencyKey | undefined
  /** The agent for which the command is a sign of life (PROTOCOL §3). */
  readonly touches?: string | undefined
}

/** Facts about the storage that a door gets when it connects. */
export interface StorageFacts {
  readonly instanceId: string
  readonly storagePath: string
  readonly journalMode: string
  /** The highest message id. The feed begins after it, or after the id that the door asked for. */
  readonly latestId: number
  readonly allowRemote: boolean
}
