// The context of one batch: its time, its hub, and the messages that it has stored so far.

import { toSeconds } from '../../protocol/timestamps.js'
import type { FeedMessage } from '../commands.js'
import { PROCESSES, type Processes } from '../processes.js'

export interface HubSettings {
  /** Tells this hub process from others on the same storage. */
  readonly hubId: string
  /** Seconds without a sign of life after which a session expires. */
  readonly presenceTtlSec: number
  /** Whether the hub starts with peers on other machines allowed. */
  readonly allowRemote: boolean
  /** Default: those of this machine. */
  readonly processes?: Processes | undefined
}

export interface Work extends HubSettings {
  readonly processes: Processes
  /** Epoch milliseconds. */
  readonly nowMs: number
  /** The messages that the batch has stored, in id order. */
  readonly stored: FeedMessage[]
  /** Channels that the batch has looked up: they exist for the rest of its transaction. */
  readonly foundChannels: Set<string>
}

export function newWork(settings: HubSettings, nowMs: number): Work {
  const { hubId, presenceTtlSec, allowRemote, processes = PROCESSES } = settings
  return { hubId, presenceTtlSec, allowRemote, processes, nowMs, stored: [], foundChannels: new Set() }
}

/** Now in whole seconds, the unit of leases and sessions. */
export function nowOf({ nowMs }: Work): string {
  return toSeconds(nowMs)
}

/** The time `sec` seconds from now, in whole seconds. */
export function secondsAhead({ nowMs }: Work, sec: number): string {
  return toSeconds(nowMs + sec * 1_000)
}

/** A session that was last seen before this time has expired, unless it has a presence TTL of its own. */
export function presentSince(work: Work, presenceTtlSec: number | null = null): string {
  return secondsAhead(work, -(presenceTtlSec ?? work.presenceTtlSec))
}

/** What a statement needs to tell the sessions that have expired. */
export function unseen(work: Work): { since: string; now: string } {
  return { since: presentSince(work), now: nowOf(work) }
}
