// The one place that loads the package pg, which only a hub on PostgreSQL needs: a dynamic import at the first connection.
//
// A storage is named by a URL. What it leaves out comes from where psql takes it: PGHOST, PGUSER, PGPASSWORD, PGSSLMODE,
// ~/.pgpass. A URL may name several hosts, of which the first one that takes writes is used.

import type { Client, ClientConfig } from 'pg'
import { ArcError } from '../../protocol/errors.js'
import { storageName } from '../../storage-file.js'
import { given } from './statement-text.js'
import { asTlsError, lacksTls, tlsQueries } from './tls.js'

/** Milliseconds for which one host may take to accept a connection. */
const CONNECT_MS = 5_000
/** Milliseconds without a packet after which the system asks whether the server is there. */
const KEEP_ALIVE_MS = 5_000

/** An administrator may have set limits for every session. A hub sets its own. Older servers lack the last two. */
const NO_FOREIGN_LIMITS = `SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('statement_timeout',
  'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout', 'idle_session_timeout')`

const INT8 = 20
const TEXTS = new Set([25, 1043])

export interface ConnectOptions {
  readonly isPipelined: boolean
  /** Names the connection in the server's list of them. */
  readonly role: string
  /** Milliseconds without an answer after which the connection is given up. Absent: none. */
  readonly answerMs?: number | undefined
}

export interface Driver {
  /** The hosts of the URL, in its order. */
  readonly hosts: readonly string[]
  /** An open connection to the host of that number. */
  connect(host: number, options: ConnectOptions): Promise<Client>
}

/** @throws ArcError `start_failed` if pg is not installed, `storage_unusable` for a URL that names no database */
export async function loadDriver(url: string): Promise<Driver> {
  const { Client, types } = await import('pg').then(
    (pg) => pg.default,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
      const text = `the storage ${storageName(url)} needs the package pg, which is not installed: run npm install pg in the project, or npm install --global pg if Arc is installed so`
      throw new ArcError('start_failed', text)
    },
  )
  const { hosts, urls } = split(url)
  const parsers = {
    getTypeParser: (oid: number, format?: 'text' | 'binary') => {
      if (oid === INT8) return Number
      return TEXTS.has(oid) ? given : types.getTypeParser(oid, format as 'text')
    },
  } as ClientConfig['types']
  return {
    hosts,
    connect: async (host, { isPipelined, role, answerMs }) => {
      const connect = async (url: string | undefined): Promise<Client> => {
        const client = new Client({
          connectionString: url,
          connectionTimeoutMillis: CONNECT_MS,
          keepAlive: true,
          keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
          application_name: `arc ${role}`,
          pipeline: isPipelined,
          ...(answerMs !== undefined && { query_timeout: answerMs }),
          ...(parsers && { types: parsers }),
        })
        client.on('error', () => {}) // the statements that wait get it, and the next one
        await client.connect()
        await client.query(NO_FOREIGN_LIMITS)
        return client
      }
      const [url, withoutTls] = urls[host] ?? []
      try {
        return await connect(url).catch((error) => {
          if (withoutTls === undefined || !lacksTls(error)) throw error
          return connect(withoutTls)
        })
      } catch (error) {
        throw asTlsError(withoutPasswordGiven(error))
      }
    },
  }
}

/** The driver's error for a missing password, in words and with the server's code for a wrong one. */
function withoutPasswordGiven(error: unknown): unknown {
  if (!(error instanceof Error && /password must be a (non-empty )?string/.test(error.message))) return error
  return Object.assign(new Error('the server asks for a password, and none is given', { cause: error }), {
    code: '28P01',
  })
}

/** The URLs by which to try each host, since pg takes one host. */
function split(url: string): { hosts: string[]; urls: string[][] } {
  const parts = /^(postgres(?:ql)?:\/\/)([^/?@]*@)?([^/?]*)(\/[^?]*)?(\?.*)?$/.exec(url)
  if (!parts) {
    const text = `the storage ${storageName(url)} is not a URL of PostgreSQL; write postgres://user@host:5432/room`
    throw new ArcError('storage_unusable', text)
  }
  const [, scheme = '', user = '', hostList = '', path = ''] = parts
  const query = new URLSearchParams(parts[5] ?? '')
  for (const own of ['target_session_attrs', 'unsafe']) query.delete(own)
  const hosts = hostList.split(',')
  const urlsOf = (host: string) =>
    tlsQueries(query, query.get('host') ?? host).map((rest) => `${scheme}${user}${host}${path}?${rest}`)
  return { hosts, urls: hosts.map(urlsOf) }
}
