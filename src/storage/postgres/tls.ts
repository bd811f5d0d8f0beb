// TLS to the server, by the modes of psql: `sslmode` and `sslrootcert` in the URL, PGSSLMODE and PGSSLROOTCERT.
//
// A URL without a mode means `verify-full` if it names a root certificate, and else `prefer`. On this machine it means `disable`.

import { readFileSync } from 'node:fs'
import { isLoopback } from '../../protocol/address.js'
import { ArcError } from '../../protocol/errors.js'

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
type Mode = (typeof MODES)[number]

/**
 * The queries of a URL by which to try a host, in order.
 * @throws ArcError `storage_unusable` for an unknown mode, or one that lacks its root certificate
 */
export function tlsQueries(query: URLSearchParams, host: string): string[] {
  const { PGSSLMODE, PGSSLROOTCERT } = process.env
  const root = query.get('sslrootcert') ?? PGSSLROOTCERT
  const byItself = query.has('sslrootcert') ? 'verify-full' : isThisMachine(host) ? 'disable' : 'prefer'
  const mode = query.get('sslmode') ?? PGSSLMODE ?? byItself
  if (!isMode(mode))
    throw unusable(`sslmode must be ${MODES.slice(0, -1).join(', ')} or ${MODES.at(-1)}, not "${mode}"`)
  if (mode === 'verify-ca' && root === undefined)
    throw unusable('sslmode=verify-ca needs the certificate of the authority: sslrootcert=FILE')
  if (root !== undefined) mustBeReadable(root)
  const modes = mode === 'allow' || mode === 'prefer' ? ['prefer', 'disable'] : [mode]
  return modes.map((sslmode) => {
    const whole = new URLSearchParams(query)
    whole.set('sslmode', sslmode)
    if (root !== undefined) whole.set('sslrootcert', root)
    whole.set('uselibpqcompat', 'true') // for pg the modes then mean what they mean to psql
    return `${whole}`
  })
}

const isMode = (mode: string): mode is Mode => (MODES as readonly string[]).includes(mode)

function isThisMachine(host: string): boolean {
  const name = (host || process.env.PGHOST || 'localhost').replace(/:\d+$/, '')
  return isLoopback(name) || /^(\/|%2F)/i.test(name)
}

function mustBeReadable(root: string): void {
  try {
    readFileSync(root)
  } catch (error) {
    throw unusable(`sslrootcert can't be read (${(error as Error).message})`)
  }
}

const unusable = (text: string) => new ArcError('storage_unusable', text)

const HAS_NO_TLS = 'The server does not support SSL connections'

export const lacksTls = (error: unknown): boolean => error instanceof Error && error.message === HAS_NO_TLS

/** A failure of TLS with a code that says so; any other error unchanged. */
export function asTlsError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { message, code = '' } = error as NodeJS.ErrnoException
  const of = (text: string) => Object.assign(new Error(text, { cause: error }), { code: 'ERR_TLS_SERVER' })
  if (message === HAS_NO_TLS) return of('the server has no TLS')
  if (/^28/.test(code) && /no encryption/.test(message)) return of(`the server wants TLS: ${message}`)
  const isDistrusted = /^(UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_|ERR_TLS_CERT)/.test(code)
  return isDistrusted ? of(`the server's certificate is not trusted: ${message}`) : error
}
