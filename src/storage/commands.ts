// What a door asks of the storage, as typed data: commands change something and are made durable before
// they are answered; queries only read; pages are the message listings that a long-poll repeats.

import type { z } from 'zod'
import type { HubStatus, Waiting } from '../protocol/objects.js'
import type * as requests from '../protocol/requests.js'

type Input<S extends z.ZodType> = z.output<S>

/** Commands by name. A metadata object travels as its JSON text, so that ports copy one string. */
export interface Commands {
  'session.open': WithJson<Input<typeof requests.openSession>>
  'session.rename': Input<typeof requests.renameSession>
  'session.close': Input<typeof requests.closeSession>
  'channel.create': WithJson<Input<typeof requests.createChannel>>
  'message.post': WithJson<requests.PostMessage>
  'claim.acquire': WithJson<Input<typeof requests.acquireClaim>>
  'claim.refresh': Input<typeof requests.refreshClaim>
  'claim.release': Input<typeof requests.releaseClaim>
  'lock.acquire': WithJson<Input<typeof requests.acquireLock>>
  'lock.refresh': Input<typeof requests.refreshLock>
  'lock.release': Input<typeof requests.releaseLock>
  'task.complete': Input<typeof requests.completeTask>
  'shutdown.begin': Input<typeof requests.beginShutdown>
  'shutdown.cancel': Record<never, never>
  /** The pending shutdown's time has come: the last notice. Sent by the hub itself. */
  'shutdown.fire': Record<never, never>
  'network.set': { allow_remote: boolean; listen_host: string }
  /** Deactivates expired sessions and releases what they held. Sent by the hub itself. */
  'sessions.expire': Record<never, never>
  /** The machine was suspended from then until now: whoever was there gets the time to show up again. Sent by the hub itself. */
  'sessions.spare': { suspendedAtMs: number }
}

/** What an engine can say of itself: a share of `GET /v1/status`. */
export type Health = Pick<HubStatus, 'durability' | 'commits' | 'storage_problem'>

export interface Queries {
  'agents.list': Input<typeof requests.listAgents>
  'agents.bootstrap': Input<typeof requests.bootstrapQuery>
  'channels.list': Record<never, never>
  'inbox.list': Input<typeof requests.listInbox>
  'threads.list': Input<typeof requests.listThreads>
  'threads.get': Input<typeof requests.getThread>
  'claims.list': Input<typeof requests.listClaims>
  'locks.list': Input<typeof requests.listLocks>
  'tasks.list': Input<typeof requests.listTasks>
  'shutdown.get': Record<never, never>
  'status.get': Waiting & Health
}

/** Which messages a listing, a long-poll or a stream is about. */
export interface MessageFilter {
  /** Set: this agent's feed, with the direct messages addressed to it. Absent: broadcasts only. */
  readonly agentId?: string | undefined
  /** In one of these. */
  readonly channels?: readonly string[] | undefined
  readonly threadId?: string | undefined
  /** With `agentId`: leave out what the agent itself posted. */
  readonly excludeSelf?: boolean | undefined
}

export interface PageQuery extends MessageFilter {
  readonly sinceId: number
  readonly limit: number
  /** The newest `limit` rows rather than the first ones after `sinceId`. */
  readonly tail?: boolean | undefined
}

/** Messages in ascending order, as JSON texts. */
export interface Page {
  readonly items: readonly string[]
  /** What follows this id has not been looked through. */
  readonly upToId: number
  /** Rows were left out because these are large, not because of the limit. */
  readonly isCut?: boolean | undefined
}

/** A committed message: its JSON text, made once, and what decides who may see it. */
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
  /** Who the key belongs to: `http`, or one relay agent. */
  readonly scope: string
  readonly key: string
  /** SHA-256 of method, path and body, base64url. */
  readonly requestHash: string
  /** Give the stored answer if there is one, but execute nothing: the request is too old (PROTOCOL §10). */
  readonly replayOnly?: boolean | undefined
}

/** One command as a door hands it in. */
export interface Submission {
  readonly command: Command
  readonly idempotency?: IdempotencyKey | undefined
  /** The agent that shows a sign of life by it (PROTOCOL §3). */
  readonly touches?: string | undefined
}

/** What a door learns of the storage when it connects. */
export interface StorageFacts {
  readonly instanceId: string
  readonly storagePath: string
  readonly journalMode: string
  /** The highest message id; the feed that follows begins after it, or after the id asked for. */
  readonly latestId: number
  readonly allowRemote: boolean
}
