// An agent's claims and locks (PROTOCOL §6). Those that it holds are refreshed until it releases them (`upkeep.ts`), so a
// lease lasts as long as the work. Its TTL is the time for which it outlives a client that has lost the hub.

import { ArcError } from '../protocol/errors.js'
import { LEASE_TTL_SEC } from '../protocol/limits.js'
import type { Claim, Lock } from '../protocol/objects.js'
import type * as options from './options.js'
import type { Requester } from './requester.js'

/** The longest pause between two refreshes. */
const MAX_PAUSE_MS = 3_600_000
/** After a failure that says nothing about the lease, such as an outage of the hub. */
const RETRY_MS = 1_000

type Noun = 'claim' | 'lock'

interface Kept {
  readonly noun: Noun
  readonly key: string
  ttlSec: number | undefined
  /** Epoch milliseconds. */
  dueAtMs: number
}

export class Leases {
  readonly #requester: Requester
  readonly #agentId: string
  readonly #onKept: () => void
  /** The leases to refresh, by noun and key. */
  readonly #kept = new Map<string, Kept>()

  /** `onKept` is called when there is another lease to refresh. */
  constructor(requester: Requester, agentId: string, onKept: () => void) {
    this.#requester = requester
    this.#agentId = agentId
    this.#onKept = onKept
  }

  async claim(target: string | number, given: options.ClaimOptions): Promise<options.ClaimResult> {
    const { threadId, taskMessageId, ttlSec, metadata, signal } = given
    const body = {
      owner_agent_id: this.#agentId,
      claim_key: claimKey(target),
      task_message_id: typeof target === 'number' ? target : taskMessageId,
      thread_id: threadId,
      ttl_sec: ttlSec,
      metadata,
    }
    const { result, envelope } = await this.#requester.post<Claim>('/v1/claims', body, { signal })
    const acquired = envelope.acquired === true
    if (acquired) this.#note('claim', body.claim_key, given)
    return { acquired, claim: result }
  }

  async refreshClaim(target: string | number, given: options.LeaseOptions): Promise<options.ClaimResult> {
    const body = { owner_agent_id: this.#agentId, claim_key: claimKey(target), ttl_sec: given.ttlSec }
    const { result, envelope } = await this.#requester.post<Claim>('/v1/claims/refresh', body, given)
    this.#extended('claim', claimKey(target), given.ttlSec)
    return { acquired: envelope.acquired === true, claim: result }
  }

  async release(target: string | number, { signal }: options.CallOptions): Promise<void> {
    const key = claimKey(target)
    this.#kept.delete(nameOf('claim', key))
    await this.#requester.post('/v1/claims/release', { agent_id: this.#agentId, claim_key: key }, { signal })
  }

  async lock(filePath: string, given: options.LockOptions): Promise<options.LockResult> {
    const { ttlSec, metadata, signal } = given
    const body = { agent_id: this.#agentId, file_path: filePath, ttl_sec: ttlSec, metadata }
    const { result, envelope } = await this.#requester.post<Lock>('/v1/locks', body, { signal })
    const acquired = envelope.acquired === true
    if (acquired) this.#note('lock', filePath, given)
    return { acquired, lock: result }
  }

  async refreshLock(filePath: string, given: options.LeaseOptions): Promise<options.LockResult> {
    const body = { agent_id: this.#agentId, file_path: filePath, ttl_sec: given.ttlSec }
    const { result, envelope } = await this.#requester.post<Lock>('/v1/locks/refresh', body, given)
    this.#extended('lock', filePath, given.ttlSec)
    return { acquired: envelope.acquired === true, lock: result }
  }

  async unlock(filePath: string, { signal }: options.CallOptions): Promise<void> {
    this.#kept.delete(nameOf('lock', filePath))
    const body = { agent_id: this.#agentId, file_path: filePath }
    await this.#requester.post('/v1/locks/release', body, { signal })
  }

  /** When the next lease has to be refreshed, epoch milliseconds; undefined if none is kept. */
  get dueAtMs(): number | undefined {
    const times = [...this.#kept.values()].map((lease) => lease.dueAtMs)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** Refreshes the leases that are due. Never rejects. */
  async refreshDue(nowMs: number): Promise<void> {
    const due = [...this.#kept.values()].filter(({ dueAtMs }) => dueAtMs <= nowMs)
    await Promise.all(due.map((lease) => this.#refresh(lease)))
  }

  async #refresh(lease: Kept): Promise<void> {
    const { noun, key, ttlSec } = lease
    try {
      await (noun === 'claim' ? this.refreshClaim(key, { ttlSec }) : this.refreshLock(key, { ttlSec }))
    } catch (error) {
      const name = nameOf(noun, key)
      const isLost = error instanceof ArcError && error.status === 404
      if (isLost && this.#kept.get(name) === lease) this.#kept.delete(name)
      lease.dueAtMs = Date.now() + RETRY_MS
    }
  }

  /** The next refresh gives the same TTL as this one. */
  #extended(noun: Noun, key: string, ttlSec: number | undefined): void {
    const lease = this.#kept.get(nameOf(noun, key))
    if (!lease) return
    lease.ttlSec = ttlSec
    lease.dueAtMs = nextRefresh(ttlSec)
    this.#onKept()
  }

  #note(noun: Noun, key: string, { keep, ttlSec }: options.AcquireOptions): void {
    const name = nameOf(noun, key)
    if (keep === false) return void this.#kept.delete(name)
    this.#kept.set(name, { noun, key, ttlSec, dueAtMs: nextRefresh(ttlSec) })
    this.#onKept()
  }
}

/** A third of the TTL from now: two more refreshes may fail. */
function nextRefresh(ttlSec: number = LEASE_TTL_SEC.default): number {
  return Date.now() + Math.min((ttlSec * 1_000) / 3, MAX_PAUSE_MS)
}

const nameOf = (noun: Noun, key: string) => `${noun} ${key}`

/** PROTOCOL §6: the key of a claim on a task that gives none. */
function claimKey(target: string | number): string {
  return typeof target === 'number' ? `task-${target}` : target
}
