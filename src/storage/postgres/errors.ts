// PostgreSQL's and the driver's errors as Arc's.

import { ArcError } from '../../protocol/errors.js'
import { StorageBusy } from '../backend.js'

/** The server takes no writes. Another host of the URL may. */
export class Standby extends Error {
  constructor() {
    super('the server is a standby or read-only')
  }
}

/** The SQLSTATE, or the system's code of a failed connection. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}

const SYSTEM = /^(E[A-Z]+|ERR_(SOCKET|SSL|TLS)\w*|08\w{3}|57P0[1235]|25P03)$/
const LOST =
  /Connection terminated|connection error and is not queryable|Client was closed|timeout expired|timeout exceeded|Query read timeout/

/** Whether the connection is gone, or was never there: nobody uses one to a standby. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof ArcError) return false
  if (error instanceof Standby) return true
  return SYSTEM.test(codeOf(error)) || (error instanceof Error && LOST.test(error.message))
}

/** Somebody else has the counter's lock, or two transactions have waited for each other. */
const BUSY = /^(55P03|40001|40P01)$/
/** Full, read-only, out of memory or connections, cancelled, or a missing right. */
const REFUSED = /^(53\w{3}|58\w{3}|25006|57014|42501)$/

const REMEDIES: readonly (readonly [code: RegExp, remedy: string])[] = [
  [/^53100$/, 'the disk of the database server is full: make room there'],
  [/^53300$/, 'the database server has no connection left: raise max_connections, or end others'],
  [/^25006$/, 'the database is read-only, as a standby is: name the primary, or all hosts, in --storage'],
  [/^42501$/, 'the role may not do that: let the owner grant it all on schema arc and its tables'],
  [/^57014$/, 'the database took too long, or somebody cancelled the statement'],
]

/** A failed write as an error for the client, or as `StorageBusy`; any other error unchanged. */
export function asWriteError(error: unknown): unknown {
  const code = codeOf(error)
  if (BUSY.test(code))
    return new StorageBusy('another connection holds the lock of the room', { cause: error })
  if (isConnectionLost(error)) {
    return new StorageBusy(`the connection to the database is lost (${reasonOf(error)})`, { cause: error })
  }
  return REFUSED.test(code) ? notWritable(error) : error
}

/** A failed read as an error for the client; any other error unchanged. */
export function asReadError(error: unknown): unknown {
  if (isConnectionLost(error)) {
    const text = `the database cannot be reached now (${reasonOf(error)}); try again`
    return new ArcError('unavailable', text, { cause: error })
  }
  const code = codeOf(error)
  if (!REFUSED.test(code) && !BUSY.test(code)) return error
  return new ArcError('unavailable', `the database cannot be read now (${reasonOf(error)}); try again`, {
    cause: error,
  })
}

export function notWritable(error: unknown): ArcError {
  const code = codeOf(error)
  const remedy = REMEDIES.find(([codes]) => codes.test(code))?.[1]
  const why = remedy === undefined ? reasonOf(error) : `${reasonOf(error)}: ${remedy}`
  const text = `the storage cannot be written now (${why}); nothing was stored, try again`
  return new ArcError('storage_not_writable', text, { cause: error })
}

/** The error in a few words. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
