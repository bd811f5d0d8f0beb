// What a door does with a request, as data: the routes make it, and the dispatcher carries it out.

import type { Command, Commands, MessageFilter, Query, Submission, Waits } from '../storage/commands.js'

/** A listing of messages that may wait for its first row. */
export interface Listing {
  readonly filter: MessageFilter
  readonly sinceId: number
  /** Only messages with a lower id. The listing then does not wait. */
  readonly beforeId?: number | undefined
  readonly limit: number
  readonly tail: boolean
  readonly timeoutMs: number
  readonly touches: string | undefined
}

/** The plan of a request. */
export type Plan =
  | { readonly kind: 'command'; readonly submission: Omit<Submission, 'idempotency'> }
  | { readonly kind: 'query'; readonly query: Query; readonly touches?: string | undefined }
  | ListingPlan
  | OfferPlan
  | WakePlan
  | HookPlan
  | AcquirePlan
  | StreamPlan
  | { readonly kind: 'hub-info' | 'status' | 'page' }

export interface ListingPlan {
  readonly kind: 'listing'
  readonly listing: Listing
}

/** An offer of a mailbox that may wait for its first message. */
export interface OfferPlan {
  readonly kind: 'offer'
  readonly input: Commands['mailbox.offer']
  readonly timeoutMs: number
}

/** A look whether an agent may be woken, which may wait until it may. */
export interface WakePlan {
  readonly kind: 'wake'
  readonly query: Extract<Query, { op: 'mailbox.wake' }>
  readonly timeoutMs: number
}

/** A call of a coding program's hook, by its payload. */
export interface HookPlan {
  readonly kind: 'hook'
  readonly agentId: string
  readonly session: string
  readonly event: string
  /** A stop before it was held, and the turn went on. */
  readonly isGoingOn: boolean
  readonly isLeftOut: boolean
}

/** A command that may wait in a line. */
export interface AcquirePlan {
  readonly kind: 'acquire'
  readonly command: WaitingCommand
  readonly touches: string
  readonly timeoutMs: number
}
export type WaitingCommand = Extract<Command, { input: Waits }>

export interface StreamPlan {
  readonly kind: 'stream'
  readonly filter: MessageFilter
  readonly sinceId: number
  /** The reader wants hints at changes besides messages. */
  readonly changes: boolean
}
