// Who may call (PROTOCOL §16). The protocol has no authentication and what reaches an agent is an
// instruction to it, so a web page that the person happens to visit must not reach the hub: not by a name
// that rebinds to loopback (Host), not by a cross-origin request (Origin, Sec-Fetch-Site). Runs before
// anything else is looked at; what it refuses has no effect at all.

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { ArcError } from '../protocol/errors.js'

export interface GuardOptions {
  /** Names besides IP literals and `localhost` that `Host` may hold, from `--allow-host`. */
  readonly allowHosts: readonly string[]
}

export class Guard {
  readonly #allowHosts: ReadonlySet<string>
  /** Off: only loopback peers are served. */
  allowRemote = false

  constructor({ allowHosts }: GuardOptions) {
    this.#allowHosts = new Set(allowHosts.map((host) => host.toLowerCase()))
  }

  /** @throws ArcError 403 for a request that must not reach the hub */
  check(request: IncomingMessage): void {
    if (!this.allowRemote && !isLoopback(request.socket.remoteAddress)) {
      const text =
        'this hub serves its own machine only; to open it, start it with --host 0.0.0.0 --allow-remote'
      throw new ArcError('remote_refused', text)
    }
    const host = onlyHost(request.rawHeaders)
    if (host === undefined || !this.#isAllowed(host)) {
      const text = `Host ${host === undefined ? 'must be given exactly once' : `"${host}" is not allowed`}; use an IP address or localhost, or start the hub with --allow-host NAME`
      throw new ArcError('host_refused', text)
    }
    const { origin } = request.headers
    if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
      throw new ArcError('origin_refused', 'requests from web pages of another origin are refused')
    }
    const site = request.headers['sec-fetch-site']
    if ((site === 'cross-site' || site === 'same-site') && !isTopLevelVisit(request)) {
      throw new ArcError('origin_refused', 'requests from web pages of another site are refused')
    }
  }

  #isAllowed(host: string): boolean {
    const name = hostName(host)
    return name !== undefined && (name === 'localhost' || this.#allowHosts.has(name) || isIP(name) !== 0)
  }
}

/** The value of `Host` if there is exactly one. Node keeps only the first of several, hence the raw headers. */
function onlyHost(rawHeaders: readonly string[]): string | undefined {
  let found: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.length !== 4 || rawHeaders[i]?.toLowerCase() !== 'host') continue
    if (found !== undefined) return undefined
    found = rawHeaders[i + 1]
  }
  return found
}

/** The name in `name`, `name:port`, `[v6]` or `[v6]:port`, in lower case; undefined when it is malformed. */
export function hostName(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^[\]:/?#@\s]+))(?::[0-9]{1,5})?$/i.exec(host)
  const bracketed = match?.[1]
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? bracketed.toLowerCase() : undefined
  return match?.[2]?.toLowerCase()
}

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || /^(::ffff:)?127\./i.test(address))
}

/** A link or bookmark that leads to the page itself, in a tab of its own. */
function isTopLevelVisit({ method, url, headers }: IncomingMessage): boolean {
  const path = url?.split('?')[0]
  return (
    method === 'GET' &&
    path === '/' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document'
  )
}
