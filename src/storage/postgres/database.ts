// Opens a room: looks at the server, creates or migrates the tables, and notices when another server answers in the place
// of the one that the room knew.

import { randomBytes } from 'node:crypto'
import { ArcError } from '../../protocol/errors.js'
import type { Connection } from './connection.js'
import { codeOf, isConnectionLost, reasonOf, Standby } from './errors.js'
import { MIGRATIONS } from './schema.js'

/** `pg_current_xact_id` came with 13. */
const OLDEST = 130_000
/**
 * How many ids are left out when another server takes over, as a standby does after its promotion. It may lack the last
 * commits, whose ids clients have seen. Those ids are never given again.
 */
export const SKIPPED_IDS = 1_000_000

/** Milliseconds that a statement of ours waits for the lock of the room, before the batch is tried again. */
export const LOCK_MS = 300
/** Milliseconds after which the server ends a transaction of a hub that says nothing: it may be cut off. */
const IDLE_MS = 3_000
const STATEMENT_MS = 5_000

/** The server's own limits. They free the room's lock if this hub is cut off. */
const LIMITS = {
  lock_timeout: LOCK_MS,
  idle_in_transaction_session_timeout: IDLE_MS,
  statement_timeout: STATEMENT_MS,
}
const limits = (set: string) =>
  Object.entries(LIMITS)
    .map(([name, ms]) => `${set} ${name} = ${ms}; `)
    .join('')
export const TRANSACTION_LIMITS = limits('SET LOCAL')
export const SESSION_LIMITS = limits('SET')
/** The system tells a dead peer by these: seconds to the first question, between two, and their number. */
const KEEP_ALIVE = `SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;
  SET tcp_user_timeout = 10000`

export interface Room {
  readonly instanceId: string
  readonly epoch: number
}

export interface ServerFacts {
  readonly version: string
  readonly fsync: string
  readonly synchronousCommit: string
}

/** Looks at a new connection's server. @throws ArcError `storage_unusable` if it must not keep a room */
export async function inspect(connection: Connection, acceptsUnsafe: boolean): Promise<ServerFacts> {
  await connection.script(KEEP_ALIVE)
  const [result] = await connection.script(`SELECT current_setting('server_version') AS version,
    current_setting('server_version_num')::integer AS number, pg_is_in_recovery() AS is_standby,
    current_setting('transaction_read_only') AS is_read_only, current_setting('fsync') AS fsync,
    current_setting('synchronous_commit') AS synchronous_commit, current_setting('server_encoding') AS encoding`)
  const found = result?.rows[0]
  if (found.number < OLDEST) {
    throw new ArcError('storage_unusable', `Arc needs PostgreSQL 13 or newer, and this is ${found.version}`)
  }
  if (found.encoding !== 'UTF8') {
    const text = `the database has the encoding ${found.encoding}; create one with ENCODING 'UTF8' for the room`
    throw new ArcError('storage_unusable', text)
  }
  if (found.is_standby || found.is_read_only === 'on') throw new Standby()
  const isSafe = found.fsync === 'on' && /^(on|remote_apply)$/.test(found.synchronous_commit)
  if (!isSafe && !acceptsUnsafe) {
    const setting = found.fsync === 'on' ? `synchronous_commit=${found.synchronous_commit}` : 'fsync=off'
    const text = `the database server runs with ${setting}, so a power cut may undo what was acknowledged: set it to on, or accept the loss by unsafe=accept in the URL`
    throw new ArcError('storage_unusable', text)
  }
  return { version: found.version, fsync: found.fsync, synchronousCommit: found.synchronous_commit }
}

/** A read must not come from a standby, which may lag behind. @throws Standby */
export async function mustBePrimary(connection: Connection): Promise<void> {
  const [result] = await connection.script('SELECT pg_is_in_recovery() AS is_standby')
  if (result?.rows[0].is_standby) throw new Standby()
}

/** Creates missing tables, and migrates to the newest version. @throws ArcError `storage_unusable` */
export async function prepareSchema(connection: Connection): Promise<void> {
  const version = await versionOf(connection)
  if (version > MIGRATIONS.length) {
    const text = `the room was last used by a newer version of Arc (schema ${version}); update with: npm install arc-hub@latest`
    throw new ArcError('storage_unusable', text)
  }
  if (version === MIGRATIONS.length) return
  // One hub migrates, and the others wait for it. The number is Arc's own, and ends with the transaction.
  await inTransaction(connection, async () => {
    await connection.script('SELECT pg_advisory_xact_lock(420961)')
    const done = await versionOf(connection)
    if (done === 0) {
      await connection.script(`CREATE SCHEMA IF NOT EXISTS arc;
        CREATE TABLE IF NOT EXISTS arc.migrations (version integer PRIMARY KEY, applied_at timestamptz NOT NULL)`)
    }
    for (const [i, sql] of MIGRATIONS.entries()) {
      if (i < done) continue
      await connection.script(`${sql}; INSERT INTO arc.migrations VALUES (${i + 1}, clock_timestamp())`)
    }
  })
}

async function versionOf(connection: Connection): Promise<number> {
  // Not by to_regclass: its cache may be older than another hub's migration, for which this one has just waited.
  const [found] =
    await connection.script(`SELECT 1 FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = 'arc' AND relname = 'migrations'`)
  if (found?.rows.length === 0) return 0
  const [result] = await connection.script('SELECT coalesce(max(version), 0) AS version FROM arc.migrations')
  return result?.rows[0].version
}

/** The server that answers, its history and the database: another one after a failover or in a restored copy. */
const ORIGIN = `(SELECT system_identifier FROM pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
  || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())`

/** Founds the room, or begins a new epoch of it if another server has taken over. */
export async function enterRoom(connection: Connection): Promise<Room> {
  return inTransaction(connection, async () => {
    const instanceId = `mh1-${randomBytes(10).toString('hex')}`
    await connection.script(`SET LOCAL lock_timeout = 10000;
      INSERT INTO arc.log SELECT 1, '${instanceId}', 0, 0, 0, 1, ${ORIGIN} ON CONFLICT DO NOTHING;
      SELECT 1 FROM arc.log FOR UPDATE`)
    await connection.script(`UPDATE arc.log SET epoch = epoch + 1, last_id = last_id + ${SKIPPED_IDS}, origin = ${ORIGIN}
      WHERE origin <> ${ORIGIN}`)
    const [room] = await connection.script('SELECT instance_id, epoch FROM arc.log')
    const { instance_id, epoch } = room?.rows[0] ?? {}
    return { instanceId: instance_id, epoch }
  })
}

async function inTransaction<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  await connection.script(`BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${IDLE_MS}`)
  try {
    const result = await work()
    await connection.script('COMMIT')
    return result
  } catch (error) {
    await connection.script('ROLLBACK').catch(() => {})
    throw error
  }
}

/** Why a room can't be opened, with what to do about it. */
export function unusable(name: string, error: unknown): ArcError {
  if (error instanceof ArcError) return error
  const text = `cannot use ${name} as storage (${reasonOf(error)}): ${adviceFor(error)}`
  return new ArcError('storage_unusable', text, { cause: error })
}

function adviceFor(error: unknown): string {
  if (error instanceof Standby) return 'name the primary, or all hosts, in --storage'
  const code = codeOf(error)
  if (code === '3D000') return 'create the database: createdb, or CREATE DATABASE'
  if (/^28/.test(code)) return 'check the user and the password: in the URL, PGPASSWORD or ~/.pgpass'
  if (code === '42501')
    return 'let an owner of the database grant the role CREATE on it, or all on the schema arc'
  if (/^ERR_(SSL|TLS)|CERT|SELF_SIGNED/.test(code)) return 'check sslmode and sslrootcert in the URL'
  if (isConnectionLost(error)) return 'check that the server runs, and that host and port are right'
  return 'see the log of the database server'
}
