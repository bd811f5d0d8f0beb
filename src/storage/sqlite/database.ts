// Opens the one connection of the storage actor, and turns SQLite's errors into Arc's.
//
// WAL with synchronous=FULL: a commit that was acknowledged survives power loss. better-sqlite3 compiles
// SQLite to use NORMAL in WAL mode, which does not, so it has to be set on every connection.

import { existsSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import { makeFolder } from '../../folder.js'
import { ArcError } from '../../protocol/errors.js'
import { checkContract, prepareSchema } from './schema.js'

/** How long a write waits for another process's write to end. */
const BUSY_TIMEOUT_MS = 5_000
const RETRY_MS = 10

/**
 * Pages in the write-ahead log after which it is written back, during a commit. Four times SQLite's default:
 * most pages of a busy hub are written again and again, and each write-back makes one commit wait.
 */
const CHECKPOINT_PAGES = 4_000

/**
 * Of the database's pages, kept by SQLite itself. better-sqlite3's default of 16,000 is no faster for what is
 * asked again and again: the system keeps the file in its own cache, whose memory it can take back.
 */
const CACHE_KIB = 4_000

/** Opens, creates or migrates the database. @throws ArcError `storage_unusable`, saying what to do */
export function openDatabase(storagePath: string): Database {
  const path = resolveStoragePath(storagePath)
  let db: Database | undefined
  try {
    db = new SqliteDatabase(path, { timeout: BUSY_TIMEOUT_MS })
    checkContract(db) // before anything is changed: the file may be somebody else's
    switchToWal(db)
    db.pragma('synchronous = FULL')
    db.pragma('temp_store = MEMORY')
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    db.pragma(`cache_size = -${CACHE_KIB}`)
    prepareSchema(db)
    return db
  } catch (error) {
    db?.close()
    throw unusable(path, error)
  }
}

/**
 * Unlike any other statement this one is refused at once while somebody else writes to a database that is not in WAL yet,
 * such as a hub that creates it in this very moment.
 */
function switchToWal(db: Database): void {
  const giveUpAt = Date.now() + BUSY_TIMEOUT_MS
  for (;;) {
    try {
      db.pragma('journal_mode = WAL')
      return
    } catch (error) {
      if (sqliteCode(error) !== 'SQLITE_BUSY' || Date.now() > giveUpAt) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS)
    }
  }
}

/** The absolute path, by way of no symbolic link: two hubs on one file must agree on its name. */
function resolveStoragePath(storagePath: string): string {
  const path = resolve(storagePath)
  try {
    makeFolder(dirname(path))
    if (existsSync(path)) {
      if (statSync(path).isDirectory()) {
        throw new ArcError(
          'storage_unusable',
          `${path} is a directory; give the path of a database file with --storage`,
        )
      }
      return realpathSync(path)
    }
    return join(realpathSync(dirname(path)), basename(path))
  } catch (error) {
    throw unusable(path, error)
  }
}

/** Why a storage can't be opened, with what to do about it. */
export function unusable(path: string, error: unknown): ArcError {
  if (error instanceof ArcError) return error
  const code = sqliteCode(error) ?? (error as NodeJS.ErrnoException).code ?? ''
  const reason = error instanceof Error ? error.message : String(error)
  const advice = /NOTADB|CORRUPT/.test(code)
    ? 'the file is damaged or not an SQLite database; move it away, or choose another with --storage'
    : 'check that its folder exists and may be written, or choose another file with --storage'
  return new ArcError('storage_unusable', `cannot use ${path} as storage (${reason}): ${advice}`, {
    cause: error,
  })
}

/** True for failures that may pass: the disk is full, locked by another, or gone for a moment. */
const TRANSIENT = /^SQLITE_(BUSY|FULL|IOERR|READONLY|LOCKED|CANTOPEN)/

/** A failed write as an answer for a client, where one is possible; else the error itself. */
export function asWriteError(error: unknown): unknown {
  const code = sqliteCode(error)
  if (!code || !TRANSIENT.test(code)) return error
  const text = `the storage cannot be written now (${(error as Error).message}); nothing was stored, try again`
  return new ArcError('storage_not_writable', text, { cause: error })
}

function sqliteCode(error: unknown): string | undefined {
  return error instanceof SqliteDatabase.SqliteError ? error.code : undefined
}
