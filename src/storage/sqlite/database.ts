// Opens the one connection of the storage actor, and turns SQLite's errors into Arc's.
//
// WAL with synchronous=FULL: a commit that was acknowledged survives power loss. better-sqlite3 compiles
// SQLite to use NORMAL in WAL mode, which does not, so it has to be set on every connection.

import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import { makeFolder } from '../../folder.js'
import { ArcError } from '../../protocol/errors.js'
import { storageFile } from '../../storage-file.js'
import { StorageBusy } from '../backend.js'
import { checkContract, prepareSchema } from './schema.js'

/** How long the opening, and a read, wait for another process that opens or closes the database. */
const BUSY_TIMEOUT_MS = 5_000
const RETRY_MS = 10

/**
 * Pages in the write-ahead log after which it is written back, during a commit. Four times SQLite's default:
 * most pages of a busy hub are written again and again, and each write-back makes one commit wait.
 */
const CHECKPOINT_PAGES = 4_000

/** Bytes of the write-ahead log that stay on disk once it is written back: a burst made it 126 MB for good. */
const LOG_BYTES = 32 * 1024 * 1024

/**
 * Of the database's pages, kept by SQLite itself. better-sqlite3's default of 16,000 is no faster for what is
 * asked again and again: the system keeps the file in its own cache, whose memory it can take back.
 */
const CACHE_KIB = 4_000

const IN_MEMORY = ':memory:'

/** Opens, creates or migrates the database. @throws ArcError `storage_unusable`, saying what to do */
export function openDatabase(storagePath: string): Database {
  const path = storagePath === IN_MEMORY ? storagePath : resolveStoragePath(storagePath)
  let db: Database | undefined
  try {
    makePrivate(path)
    db = new SqliteDatabase(path, { timeout: BUSY_TIMEOUT_MS })
    checkContract(db) // before anything is changed: the file may be somebody else's
    switchToWal(db)
    db.pragma('synchronous = FULL')
    db.pragma('temp_store = MEMORY')
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    db.pragma(`cache_size = -${CACHE_KIB}`)
    db.pragma(`journal_size_limit = ${LOG_BYTES}`)
    prepareSchema(db)
    // From here on nobody waits inside of SQLite, where the whole thread would: a batch that can't be written is tried
    // again later (committer.ts), and what reads goes on meanwhile.
    db.pragma('busy_timeout = 0')
    return db
  } catch (error) {
    db?.close()
    throw unusable(path, error)
  }
}

/** A new database is its owner's alone, and so are the files that SQLite makes beside it. */
function makePrivate(path: string): void {
  if (path === IN_MEMORY || existsSync(path)) return
  closeSync(openSync(path, 'a', 0o600))
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

/** Where the database is or comes to be; its folder is there. */
function resolveStoragePath(storagePath: string): string {
  const path = storageFile(storagePath)
  try {
    makeFolder(dirname(path))
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path
  } catch (error) {
    throw unusable(path, error)
  }
  const text = `${path} is a directory; give the path of a database file with --storage`
  throw new ArcError('storage_unusable', text)
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

/** Reads, and waits for a moment where another process opens or closes the database. */
export function waitingWhileBusy<T>(db: Database, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!sqliteCode(error)?.startsWith('SQLITE_BUSY')) throw error
  }
  db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
  try {
    return read()
  } finally {
    db.pragma('busy_timeout = 0')
  }
}

/** A failed write as an answer for a client, or as one to be tried again, where one is possible; else the error itself. */
export function asWriteError(error: unknown): unknown {
  const code = sqliteCode(error)
  if (!code || !TRANSIENT.test(code)) return error
  if (code.startsWith('SQLITE_BUSY')) return new StorageBusy('another process writes', { cause: error })
  const text = `the storage cannot be written now (${(error as Error).message}); nothing was stored, try again`
  return new ArcError('storage_not_writable', text, { cause: error })
}

function sqliteCode(error: unknown): string | undefined {
  return error instanceof SqliteDatabase.SqliteError ? error.code : undefined
}
