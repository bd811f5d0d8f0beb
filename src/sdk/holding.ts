// What a client holds: claims, locks, scopes and slots (PROTOCOL §6, §19).

import type { Claim, Lock, Scope, Slot } from '../protocol/objects.js'
import type * as options from './lease-options.js'
import { type Leases, lockPath, SCOPES_FEATURE } from './leases.js'
import type { CallOptions } from './options.js'
import { Reading } from './reading.js'
import { type Requester, withQuery } from './requester.js'
import { linkSignals } from './waiting.js'
import { withLock } from './with-lock.js'

export abstract class Holding extends Reading {
  readonly #requester: Requester
  readonly #leases: Leases

  constructor(agentId: string, requester: Requester, leases: Leases) {
    super(agentId, requester)
    this.#requester = requester
    this.#leases = leases
  }

  /**
   * Claims a key, or a task by its id (the key is then `task-<id>`). Of concurrent claims exactly one gets `acquired: true`.
   * The owner's own second claim moves the expiry, and is `acquired: true`. With `wait` it waits in line.
   */
  claim(target: string | number, given: options.ClaimOptions = {}): Promise<options.ClaimResult> {
    return this.#leases.claim(target, given)
  }

  /** Moves a claim's expiry to `ttlSec` from now. Not active, or another agent's: 404. */
  refreshClaim(target: string | number, given: options.LeaseOptions = {}): Promise<options.ClaimResult> {
    return this.#leases.refreshClaim(target, given)
  }

  /** Releases a claim. Not active, or another agent's: 404, unless `byOperator`. */
  release(target: string | number, given: options.ReleaseOptions = {}): Promise<void> {
    return this.#leases.release(target, given)
  }

  /** Releases all that this agent holds. The end of a session by its client releases nothing (PROTOCOL §3). */
  async releaseAll(given: CallOptions = {}): Promise<void> {
    const { agentId } = this
    const ifThere = <T>(rows: Promise<T[]>) => rows.catch((): T[] => []) // a hub of version 1 has no scopes and slots
    const [claims, locks, scopes, slots] = await Promise.all([
      this.listClaims({ activeOnly: true, ...given }),
      this.listLocks({ agentId, activeOnly: true, ...given }),
      ifThere(this.listScopes({ agentId, ...given })),
      ifThere(this.listSlots({ agentId, ...given })),
    ])
    const own = claims.filter((claim) => claim.owner_agent_id === agentId)
    const linked = linkSignals(given.signal) // each release listens to it
    const { signal } = linked
    await Promise.allSettled([
      ...own.map(({ claim_key }) => this.release(claim_key, { signal })),
      ...locks.map(({ file_path }) => this.unlock(file_path, { signal })),
      ...scopes.map(({ scope_id }) => this.releaseScope(scope_id, { signal })),
      ...slots.map(({ name }) => this.releaseSlot(name, { signal })),
    ])
    linked.release()
  }

  /** Claims of all agents, by `claimed_at`. */
  listClaims({ threadId, activeOnly, signal }: options.ListClaimsOptions = {}): Promise<Claim[]> {
    return this.#list('/v1/claims', { thread_id: threadId, active_only: activeOnly }, signal)
  }

  /**
   * Locks a file. The client writes the path in one form (`./src\\a.ts` becomes `src/a.ts`), so name it from the root of the
   * project. Of concurrent locks exactly one gets `acquired: true`. With `wait` it waits in line.
   */
  lock(filePath: string, given: options.LockOptions = {}): Promise<options.LockResult> {
    return this.#leases.lock(filePath, given)
  }

  /**
   * Locks a file, runs `work`, and releases the lock. It refreshes the lock meanwhile, and aborts the `signal` that the work
   * gets if it loses the lock. Resolves with the work's result. Work of one client on one file runs one after the other, so
   * work must not wait for other work on its own file. A lock that the client had before stays.
   * @throws ArcError `not_acquired`: another agent or other work has it also after `wait`. `lease_lost`: it was lost while the work ran
   */
  withLock<T>(
    filePath: string,
    work: (held: options.HeldLock) => T | Promise<T>,
    given: options.WithLockOptions = {},
  ): Promise<T> {
    return withLock(this.#leases, { path: filePath, work, options: given }, this.#requester.closing)
  }

  /** Moves a lock's expiry to `ttlSec` from now. Not active, or another agent's: 404. */
  refreshLock(filePath: string, given: options.LeaseOptions = {}): Promise<options.LockResult> {
    return this.#leases.refreshLock(filePath, given)
  }

  /** Releases a lock. Not active, or another agent's: 404, unless `byOperator`. */
  unlock(filePath: string, given: options.ReleaseOptions = {}): Promise<void> {
    return this.#leases.unlock(filePath, given)
  }

  /** The locks of all agents, or of `agentId`, by `locked_at`. */
  listLocks({ agentId, activeOnly, signal }: options.ListLocksOptions = {}): Promise<Lock[]> {
    return this.#list('/v1/locks', { agent_id: agentId, active_only: activeOnly }, signal)
  }

  /**
   * Leases all paths that one of the globs matches (PROTOCOL §19), such as `src/**` and `docs/*.md`. It is acquired unless
   * another agent's scope or lock may meet it. A glob that can't be read: 400.
   */
  scope(globs: string | readonly string[], given: options.ScopeOptions = {}): Promise<options.ScopeResult> {
    return this.#leases.scope(typeof globs === 'string' ? [globs] : globs, given)
  }

  /** Moves a scope's expiry to `ttlSec` from now. Not active, or another agent's: 404. */
  refreshScope(
    scopeId: number,
    given: Omit<options.LeaseOptions, 'fence'> = {},
  ): Promise<options.ScopeResult> {
    return this.#leases.refreshScope(scopeId, given)
  }

  /** Releases a scope. Not active, or another agent's: 404, unless `byOperator`. */
  releaseScope(scopeId: number, given: Omit<options.ReleaseOptions, 'fence'> = {}): Promise<void> {
    return this.#leases.releaseScope(scopeId, given)
  }

  /** The active scopes of all agents, of one, or those that cover a path. */
  async listScopes({ path, agentId, signal }: options.ListScopesOptions = {}): Promise<Scope[]> {
    const params = { path: path === undefined ? undefined : lockPath(path), agent_id: agentId }
    const ask = () => this.#list<Scope>('/v1/scopes', params, signal)
    return this.#requester.needing(SCOPES_FEATURE, { signal, when: 'after' }, ask)
  }

  /** Takes a place among the `capacity` holders of a slot, such as `build` or `port-3000` (PROTOCOL §19). */
  slot(name: string, given: options.SlotOptions = {}): Promise<options.SlotResult> {
    return this.#leases.slot(name, given)
  }

  /** Moves the expiry of the agent's holding to `ttlSec` from now. Not active: 404. */
  refreshSlot(name: string, given: options.LeaseOptions = {}): Promise<options.SlotResult> {
    return this.#leases.refreshSlot(name, given)
  }

  /** Releases the agent's holding of a slot, or, with `byOperator`, another agent's. Not active: 404. */
  releaseSlot(name: string, given: options.ReleaseSlotOptions = {}): Promise<void> {
    return this.#leases.releaseSlot(name, given)
  }

  /** The active holdings of all slots, of one, or of one agent. */
  listSlots({ name, agentId, signal }: options.ListSlotsOptions = {}): Promise<Slot[]> {
    const ask = () => this.#list<Slot>('/v1/slots', { name, agent_id: agentId }, signal)
    return this.#requester.needing(SCOPES_FEATURE, { signal, when: 'after' }, ask)
  }

  async #list<T>(
    path: string,
    params: Record<string, string | boolean | undefined>,
    signal: CallOptions['signal'],
  ): Promise<T[]> {
    return (await this.#requester.get<T[]>(withQuery(path, params), { signal })).result
  }
}
