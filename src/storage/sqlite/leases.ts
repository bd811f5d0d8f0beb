// Claims and locks (PROTOCOL §6): one lease engine over two tables that differ in their columns' names.
//
//   (none | released | expired) ─acquire─▶ held ─release─▶ released
//                                          held ─refresh─▶ held, later expiry
//                                          held ─its time passes─▶ expired
//
// A lease is active while `released_at` is null and `expires_at ≥ now`, in whole seconds. Acquiring is
// atomic because all commands of all hubs on a file run in write transactions, one after the other.

import type { Database } from 'better-sqlite3'
import { type Answer, success } from '../../protocol/envelope.js'
import { notFound } from '../../protocol/errors.js'
import type { Claim, Lock } from '../../protocol/objects.js'
import type { CommandHandlers, QueryHandlers } from '../commands.js'
import { allOf } from './bounded.js'
import { nowSeconds, parseJson, type SqliteContext, secondsAhead } from './context.js'

interface LeaseTable {
  readonly noun: 'claim' | 'lock'
  readonly table: 'claims' | 'locks'
  readonly key: 'claim_key' | 'file_path'
  readonly owner: 'owner_agent_id' | 'agent_id'
  readonly since: 'claimed_at' | 'locked_at'
  /** Columns that only this kind of lease has. */
  readonly extra: readonly string[]
}

const CLAIMS: LeaseTable = {
  noun: 'claim',
  table: 'claims',
  key: 'claim_key',
  owner: 'owner_agent_id',
  since: 'claimed_at',
  extra: ['thread_id', 'task_message_id'],
}

const LOCKS: LeaseTable = {
  noun: 'lock',
  table: 'locks',
  key: 'file_path',
  owner: 'agent_id',
  since: 'locked_at',
  extra: [],
}

type Lease = Claim | Lock
type LeaseRow = Omit<Lease, 'metadata'> & { metadata_json: string | null }

const ACTIVE = 'released_at IS NULL AND expires_at >= @now'

class LeaseEngine<L extends Lease> {
  readonly #db: Database
  readonly #table: LeaseTable
  readonly #active
  readonly #find
  readonly #heldBy
  readonly #take
  readonly #extend
  readonly #release

  constructor(db: Database, table: LeaseTable) {
    this.#db = db
    this.#table = table
    const { key, owner, since, extra } = table
    const columns = [key, owner, since, 'expires_at', 'released_at', 'metadata_json', ...extra]
    const values = [
      '@key',
      '@owner',
      '@now',
      '@expiresAt',
      'NULL',
      '@metadata',
      ...extra.map((column) => `@${column}`),
    ]
    this.#find = db.prepare<[string], LeaseRow>(`SELECT * FROM ${table.table} WHERE ${key} = ?`)
    this.#active = db.prepare<object, LeaseRow>(
      `SELECT * FROM ${table.table} WHERE ${key} = @key AND ${ACTIVE}`,
    )
    this.#take = db.prepare(
      `INSERT OR REPLACE INTO ${table.table} (${columns.join(', ')}) VALUES (${values.join(', ')})`,
    )
    this.#heldBy = db
      .prepare<object, string>(
        `SELECT ${key} FROM ${table.table} WHERE ${owner} = @owner AND ${ACTIVE} ORDER BY ${since}, ${key}`,
      )
      .pluck()
    this.#extend = db.prepare(`UPDATE ${table.table} SET expires_at = ? WHERE ${key} = ?`)
    this.#release = db.prepare(`UPDATE ${table.table} SET released_at = ? WHERE ${key} = ?`)
  }

  acquire(
    key: string,
    owner: string,
    ttlSec: number,
    metadata: string,
    extra: Record<string, unknown> = {},
  ): Answer {
    const now = nowSeconds()
    const expiresAt = secondsAhead(ttlSec)
    const holder = this.#active.get({ key, now })
    if (!holder) this.#take.run({ key, owner, now, expiresAt, metadata, ...extra })
    else if (this.#ownerOf(holder) === owner) this.#extend.run(expiresAt, key)
    else return success(200, this.#toLease(holder), { acquired: false })
    return success(201, this.#read(key), { acquired: true })
  }

  refresh(key: string, owner: string, ttlSec: number): Answer {
    this.#mustBeHeld(key, owner)
    this.#extend.run(secondsAhead(ttlSec), key)
    return success(200, this.#read(key), { acquired: true })
  }

  release(key: string, owner: string): Answer {
    this.#mustBeHeld(key, owner)
    this.#release.run(nowSeconds(), key)
    return success(200, this.#read(key))
  }

  /** Releases what an agent actively holds, one after the other, the oldest first; tells `released` of each. */
  releaseAllOf(owner: string, released: (lease: L) => void): void {
    const now = nowSeconds()
    for (const key of this.#heldBy.all({ owner, now })) {
      this.#release.run(now, key)
      released(this.#read(key))
    }
  }

  /** Leases whose columns equal `where` (undefined: any), the oldest first. @throws ArcError `answer_too_large` */
  list(where: Record<string, string | undefined>, activeOnly: boolean): L[] {
    const conditions = Object.entries(where).flatMap(([column, value]) =>
      value === undefined ? [] : [`${column} = @${column}`],
    )
    if (activeOnly) conditions.push(ACTIVE)
    const filter = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
    const sql = `SELECT * FROM ${this.#table.table} ${filter} ORDER BY ${this.#table.since}, ${this.#table.key}`
    const rows = this.#db.prepare<object, LeaseRow>(sql).iterate({ ...where, now: nowSeconds() })
    return allOf(rows).map((row) => this.#toLease(row))
  }

  #mustBeHeld(key: string, owner: string): void {
    const holder = this.#active.get({ key, now: nowSeconds() })
    if (holder && this.#ownerOf(holder) === owner) return
    throw notFound(`${owner} holds no active ${this.#table.noun} on "${key}"; acquire it first`)
  }

  #read(key: string): L {
    return this.#toLease(this.#find.get(key) as LeaseRow)
  }

  #ownerOf(row: LeaseRow): string {
    return (row as unknown as Record<string, string>)[this.#table.owner] as string
  }

  #toLease({ metadata_json, ...row }: LeaseRow): L {
    return { ...row, metadata: parseJson(metadata_json, {}) } as unknown as L
  }
}

export class Leases {
  readonly claims: LeaseEngine<Claim>
  readonly locks: LeaseEngine<Lock>

  constructor({ db }: SqliteContext) {
    this.claims = new LeaseEngine<Claim>(db, CLAIMS)
    this.locks = new LeaseEngine<Lock>(db, LOCKS)
  }

  readonly commands = {
    'claim.acquire': (input) =>
      this.claims.acquire(
        input.claim_key ?? `task-${input.task_message_id}`,
        input.owner_agent_id,
        input.ttl_sec,
        input.metadata,
        {
          thread_id: input.thread_id ?? null,
          task_message_id: input.task_message_id ?? null,
        },
      ),
    'claim.refresh': (input) => this.claims.refresh(input.claim_key, input.owner_agent_id, input.ttl_sec),
    'claim.release': (input) => this.claims.release(input.claim_key, input.agent_id),
    'lock.acquire': (input) =>
      this.locks.acquire(input.file_path, input.agent_id, input.ttl_sec, input.metadata),
    'lock.refresh': (input) => this.locks.refresh(input.file_path, input.agent_id, input.ttl_sec),
    'lock.release': (input) => this.locks.release(input.file_path, input.agent_id),
  } satisfies Partial<CommandHandlers>

  readonly queries = {
    'claims.list': (input) =>
      success(200, this.claims.list({ thread_id: input.thread_id }, input.active_only)),
    'locks.list': (input) => success(200, this.locks.list({ agent_id: input.agent_id }, input.active_only)),
  } satisfies Partial<QueryHandlers>
}
