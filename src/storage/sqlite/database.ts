// Opens the storage actor's only connection, and turns SQLite's errors into Arc's.
//
// WAL with synchronous=FULL: an acknowledged commit survives power loss. better-sqlite3 compiles SQLite with NORMAL for WAL
// mode, where it may not, so every connection sets FULL.

import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Database } from 'better-sqlite3'
import { makeFolder } from '../../folder.js'
import { ArcError } from '../../protocol/errors.js'
import { storageFile } from '../../storage-file.js'
import { StorageBusy } from '../backend.js'
import { checkDriver, openFile } from './driver.js'
import { checkContract, prepareSchema } from './schema.js'

/** Milliseconds for which an open or a read waits for another process that opens or closes the database. */
const BUSY_MS = 5_000
const RETRY_MS = 10

/**
 * After this many pages in the write-ahead log, a commit writes the log back, which delays that commit. Four times SQLite's
 * default: a busy hub changes most pages again and again.
 */
const CHECKPOINT_PAGES = 4_000

/** The write-ahead log's file is cut to this many bytes after a write-back. Without a limit it keeps its peak size. */
const LOG_BYTES = 32 * 1024 * 1024

/**
 * KiB of pages in SQLite's own cache. better-sqlite3's default of 16,000 is no faster for frequent requests: the system
 * also caches the file, in memory that it can take back.
 */
const CACHE_KIB = 4_000

const IN_MEMORY = ':memory:'

/** Opens, creates or migrates the database. @throws ArcError `storage_unusable`, saying what to do */
export function openDatabase(storagePath: string): Database {
  const path = storagePath === IN_MEMORY ? storagePath : resolveStoragePath(storagePath)
  let db: Database | undefined
  try {
    checkDriver()
    makePrivate(path)
    const opened = openFile(path, { timeout: 0 })
    db = opened
    retryWhileBusy(() => prepare(opened))
    return db
  } catch (error) {
    db?.close()
    throw unusable(path, error)
  }
}

function prepare(db: Database): void {
  checkContract(db) // before any change: the file may belong to another program
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('temp_store = MEMORY')
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
  db.pragma(`cache_size = -${CACHE_KIB}`)
  db.pragma(`journal_size_limit = ${LOG_BYTES}`)
  prepareSchema(db)
}

/** Only the owner may use a new database, and the files that SQLite creates beside it. */
function makePrivate(path: string): void {
  if (path === IN_MEMORY || existsSync(path)) return
  closeSync(openSync(path, 'a', 0o600))
}

/** The path of the database, which may not exist yet. It creates the folder. */
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

/** Failures that may pass: the disk is full, another process holds a lock, or the file is gone for a moment. */
const TRANSIENT = /^SQLITE_(BUSY|FULL|IOERR|READONLY|LOCKED|CANTOPEN)/

/**
 * Opens or reads, and tries again while another process opens or closes the database. SQLite itself never waits: its busy
 * time-out would block the thread where nothing can end it, and an error after that aborts the process.
 */
export function retryWhileBusy<T>(work: () => T): T {
  const giveUpAt = Date.now() + BUSY_MS
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!sqliteCode(error)?.startsWith('SQLITE_BUSY') || Date.now() > giveUpAt) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS)
    }
  }
}

/** A failed write as an error for the client or as `StorageBusy`; any other error unchanged. */
export function asWriteError(error: unknown): unknown {
  const code = sqliteCode(error)
  if (!code || !TRANSIENT.test(code)) return error
  if (code.startsWith('SQLITE_BUSY')) return new StorageBusy('another process writes', { cause: error })
  const text = `the storage cannot be written now (${(error as Error).message}); nothing was stored, try again`
  return new ArcError('storage_not_writable', text, { cause: error })
}

function sqliteCode(error: unknown): string | undefined {
  return error instanceof Error && error.name === 'SqliteError'
    ? (error as NodeJS.ErrnoException).code
    : undefined
}
