// An agent's claims, locks, scopes and slots (PROTOCOL §6, §19). Those that it holds are refreshed until it releases them
// (`kept-leases.ts`, `upkeep.ts`).

import type { Envelope } from '../protocol/envelope.js'
import { ArcError } from '../protocol/errors.js'
import type { Claim, Lock, Scope, Slot } from '../protocol/objects.js'
import { acquire } from './acquiring.js'
import { type KeepOptions, KeptLeases, type Noun } from './kept-leases.js'
import type * as options from './lease-options.js'
import { plainGlob, plainPath } from './paths.js'
import { checkedName, pathPart } from './request-text.js'
import type { Reply, Requester } from './requester.js'
import { Turns } from './turns.js'

export const FENCING_FEATURE = 'arc:fencing'
export const SCOPES_FEATURE = 'arc:scopes'

type Told = Pick<KeepOptions, 'onLost'>

export class Leases {
  readonly kept = new KeptLeases()
  /** Of work under locks. */
  readonly turns = new Turns()
  readonly #requester: Requester
  readonly #agentId: string

  constructor(requester: Requester, agentId: string) {
    this.#requester = requester
    this.#agentId = agentId
  }

  async claim(target: string | number, given: options.ClaimOptions): Promise<options.ClaimResult> {
    const key = claimKey(target)
    const body = {
      owner_agent_id: this.#agentId,
      claim_key: key,
      task_message_id: typeof target === 'number' ? target : given.taskMessageId,
      thread_id: given.threadId,
      ttl_sec: given.ttlSec,
      metadata: given.metadata,
      fence: given.fence,
    }
    const ask = () => acquire<Claim>(this.#requester, '/v1/claims', body, given)
    const reply = await this.#fenced(given, ask)
    if (reply.envelope.acquired) this.keepClaim(target, given)
    return { ...saidOf(reply.envelope), claim: reply.result }
  }

  /** Refreshes a claim that the agent has from now on. */
  keepClaim(target: string | number, given: KeepOptions): void {
    const refresh = (ttlSec: number) => this.refreshClaim(target, { ttlSec })
    this.kept.note('claim', claimKey(target), given, refresh)
  }

  async refreshClaim(target: string | number, given: options.LeaseOptions): Promise<options.ClaimResult> {
    const { ttlSec, fence } = given
    const body = { owner_agent_id: this.#agentId, claim_key: claimKey(target), ttl_sec: ttlSec, fence }
    const reply = await this.#fenced(given, () => this.#post<Claim>('/v1/claims/refresh', body, given))
    this.kept.extended('claim', claimKey(target), ttlSec)
    return { ...saidOf(reply.envelope), claim: reply.result }
  }

  async release(target: string | number, given: options.ReleaseOptions): Promise<void> {
    const key = claimKey(target)
    const ask = () => this.#release('/v1/claims/release', { claim_key: key }, given)
    await this.#giveUp('claim', key, ask)
  }

  async lock(filePath: string, given: options.LockOptions & Told): Promise<options.LockResult> {
    const { ttlSec, metadata, fence } = given
    const path = lockPath(filePath)
    const body = { agent_id: this.#agentId, file_path: path, ttl_sec: ttlSec, metadata, fence }
    const ask = () => acquire<Lock>(this.#requester, '/v1/locks', body, given)
    const reply = await this.#fenced(given, ask)
    const said = saidOf(reply.envelope)
    if (said.acquired) {
      const refresh = (ttlSec: number) => this.refreshLock(path, { ttlSec })
      this.kept.note('lock', path, given, refresh)
    }
    return { ...said, lock: reply.result }
  }

  async refreshLock(filePath: string, given: options.LeaseOptions): Promise<options.LockResult> {
    const { ttlSec, fence } = given
    const path = lockPath(filePath)
    const body = { agent_id: this.#agentId, file_path: path, ttl_sec: ttlSec, fence }
    const reply = await this.#fenced(given, () => this.#post<Lock>('/v1/locks/refresh', body, given))
    this.kept.extended('lock', path, ttlSec)
    return { ...saidOf(reply.envelope), lock: reply.result }
  }

  async unlock(filePath: string, given: options.ReleaseOptions): Promise<void> {
    const path = lockPath(filePath)
    const ask = () => this.#release('/v1/locks/release', { file_path: path }, given)
    await this.#giveUp('lock', path, ask)
  }

  async scope(globs: readonly string[], given: options.ScopeOptions): Promise<options.ScopeResult> {
    const { mode, ttlSec, reason, metadata } = given
    if (!Array.isArray(globs)) throw new ArcError('invalid_request', 'globs must be a list')
    const plain = globs.map((glob) => plainGlob(checkedName('a glob', glob)))
    const body = { agent_id: this.#agentId, globs: plain, mode, ttl_sec: ttlSec, reason, metadata }
    const ask = () => acquire<Scope | null>(this.#requester, '/v1/scopes', body, given)
    const { result: scope, envelope } = await this.#scoped(given, ask)
    if (scope) {
      const refresh = (ttlSec: number) => this.refreshScope(scope.scope_id, { ttlSec })
      this.kept.note('scope', String(scope.scope_id), given, refresh)
    }
    return { ...saidOf(envelope), scope }
  }

  async refreshScope(
    scopeId: number,
    given: Omit<options.LeaseOptions, 'fence'>,
  ): Promise<options.ScopeResult> {
    const body = { agent_id: this.#agentId, scope_id: scopeId, ttl_sec: given.ttlSec }
    const ask = () => this.#post<Scope>('/v1/scopes/refresh', body, given)
    const { result: scope, envelope } = await this.#scoped(given, ask)
    this.kept.extended('scope', String(scopeId), given.ttlSec)
    return { ...saidOf(envelope), scope }
  }

  async releaseScope(scopeId: number, given: Omit<options.ReleaseOptions, 'fence'>): Promise<void> {
    const ask = () => this.#release('/v1/scopes/release', { scope_id: scopeId }, given)
    await this.#giveUp('scope', String(scopeId), () => this.#scoped(given, ask))
  }

  async slot(slotName: string, given: options.SlotOptions): Promise<options.SlotResult> {
    const name = nameOfSlot(slotName)
    const { capacity, ttlSec, fence } = given
    const body = { agent_id: this.#agentId, capacity, ttl_sec: ttlSec, fence }
    const ask = () => acquire<Slot | null>(this.#requester, slotPath(name), body, given)
    const { result: slot, envelope } = await this.#scoped(given, ask)
    const said = saidOf(envelope)
    if (said.acquired) {
      const refresh = (ttlSec: number) => this.refreshSlot(name, { ttlSec })
      this.kept.note('slot', name, given, refresh)
    }
    return { ...said, slot }
  }

  async refreshSlot(slotName: string, given: options.LeaseOptions): Promise<options.SlotResult> {
    const name = nameOfSlot(slotName)
    const body = { agent_id: this.#agentId, ttl_sec: given.ttlSec, fence: given.fence }
    const ask = () => this.#post<Slot>(`${slotPath(name)}/refresh`, body, given)
    const { result: slot, envelope } = await this.#scoped(given, ask)
    this.kept.extended('slot', name, given.ttlSec)
    return { ...saidOf(envelope), slot }
  }

  async releaseSlot(slotName: string, given: options.ReleaseSlotOptions): Promise<void> {
    const name = nameOfSlot(slotName)
    const { holder } = given
    const ask = () => this.#release(`${slotPath(name)}/release`, { holder }, given)
    const release = () => this.#scoped(given, ask)
    if (holder === undefined || holder === this.#agentId) await this.#giveUp('slot', name, release)
    else await release() // what this client holds stays
  }

  /** Releases leases by their names. Never rejects: one that can't be released ends with its TTL. */
  async releaseThese(names: KeptLeases['untold'], signal: AbortSignal): Promise<void> {
    const release = {
      claim: (key: string) => this.release(key, { signal }),
      lock: (path: string) => this.unlock(path, { signal }),
      scope: (id: string) => this.releaseScope(Number(id), { signal }),
      slot: (name: string) => this.releaseSlot(name, { signal }),
    }
    await Promise.allSettled(names.map(([noun, key]) => release[noun](key)))
  }

  /** Releases what is kept. If the hub does not, it is kept on. */
  async #giveUp(noun: Noun, key: string, release: () => Promise<unknown>): Promise<void> {
    const lease = this.kept.drop(noun, key)
    const over = () => lease?.onLost?.(new ArcError('lease_lost', `the ${noun} "${key}" was released`))
    try {
      await release()
      over()
    } catch (error) {
      if (error instanceof ArcError && error.status === 404) over()
      else if (lease && !this.kept.find(noun, key)) this.kept.replace(noun, key, lease)
      throw error
    }
  }

  #post<T>(path: string, body: object, { signal }: { signal?: AbortSignal | undefined }): Promise<Reply<T>> {
    return this.#requester.post<T>(path, body, { signal })
  }

  async #release(path: string, what: object, given: options.ReleaseOptions): Promise<void> {
    const { fence, byOperator } = given
    const body = { agent_id: this.#agentId, ...what, fence, by_operator: byOperator }
    await this.#fenced(given, () => this.#post(path, body, given))
  }

  /** A hub of version 1 would ignore a fence, and who releases. */
  #fenced<T>(given: options.ReleaseOptions, ask: () => Promise<T>): Promise<T> {
    if (given.fence === undefined && !given.byOperator) return ask()
    return this.#requester.needing(FENCING_FEATURE, { signal: given.signal, when: 'before' }, ask)
  }

  #scoped<T>({ signal }: { signal?: AbortSignal | undefined }, ask: () => Promise<T>): Promise<T> {
    return this.#requester.needing(SCOPES_FEATURE, { signal, when: 'after' }, ask)
  }
}

/** What the envelope of an acquire or a refresh says. A member that the hub does not send is absent. */
function saidOf({ acquired, fence, waiting, holders }: Envelope) {
  return {
    acquired: acquired === true,
    ...(typeof fence === 'number' && { fence }),
    ...(waiting && { waiting }),
    ...(holders && { holders: holders as never }),
  }
}

/** The one form of a path that is given. */
export const lockPath = (path: string) => plainPath(checkedName('the path', path))

/** As the hub has it. */
const nameOfSlot = (name: string) => checkedName('the name of a slot', name).trim()

const slotPath = (name: string) => `/v1/slots/${pathPart(name, 'name')}`

/** PROTOCOL §6: the key of a claim on a task that gives none. */
export function claimKey(target: string | number): string {
  return typeof target === 'number' ? `task-${target}` : checkedName('the key', target).trim()
}
