// One batch's work: the time at which all of it happens, whose hub it is, and what it has stored so far.

import { toSeconds } from '../../protocol/timestamps.js'
import type { FeedMessage } from '../commands.js'

export interface HubSettings {
  /** Names this hub process among those on the same storage. */
  readonly hubId: string
  /** Seconds without a sign of life after which a session expires. */
  readonly presenceTtlSec: number
  /** Whether peers on other machines are served, until it is set otherwise. */
  readonly allowRemote: boolean
}

export interface Work extends HubSettings {
  /** Epoch milliseconds. */
  readonly nowMs: number
  /** The messages that the batch has stored, in id order. */
  readonly stored: FeedMessage[]
  /** Channels that the batch has found: its transaction sees no others. */
  readonly foundChannels: Set<string>
}

export function newWork(settings: HubSettings, nowMs: number): Work {
  const { hubId, presenceTtlSec, allowRemote } = settings
  return { hubId, presenceTtlSec, allowRemote, nowMs, stored: [], foundChannels: new Set() }
}

/** Now, in whole seconds: how leases and sessions count time. */
export function nowOf({ nowMs }: Work): string {
  return toSeconds(nowMs)
}

/** `sec` from now, in whole seconds. */
export function secondsAhead({ nowMs }: Work, sec: number): string {
  return toSeconds(nowMs + sec * 1_000)
}

/** A session that was not seen since then has expired. */
export function presentSince(work: Work): string {
  return secondsAhead(work, -work.presenceTtlSec)
}
