// Decides who may call (PROTOCOL §16). The protocol has no authentication, and a message to an agent is an instruction to
// it. So a web page that the person visits must not reach the hub: not by a name that rebinds to loopback (Host), not by a
// request from another origin (Origin), not by an embedded request (fetch metadata, or Referer where browsers send none).
// The guard runs before all else, and a refused request has no effect.

import type { IncomingMessage } from 'node:http'
import { ArcError } from '../protocol/errors.js'
import { hostName, isAlias, isLoopback, isPlainAddress } from './host.js'
import { isStatic } from './site.js'

export interface GuardOptions {
  /** Names from `--allow-host`, which `Host` may hold besides IP addresses and `localhost`. */
  readonly allowHosts: readonly string[]
}

export class Guard {
  readonly #allowHosts: ReadonlySet<string>
  /** False: the hub serves loopback peers only. */
  allowRemote = false
  /** The last `Host` that was allowed. Nearly all requests of a hub have the same. */
  #lastAllowed: string | undefined

  constructor({ allowHosts }: GuardOptions) {
    this.#allowHosts = new Set(allowHosts.map((host) => host.toLowerCase()))
  }

  /**
   * `authority`: the one of a target that is a whole URL.
   * @throws ArcError 403 for a request that must not reach the hub
   */
  check(request: IncomingMessage, authority?: string): void {
    if (!this.allowRemote && !isLoopback(request.socket.remoteAddress)) {
      const text =
        'this hub serves its own machine only; to open it, start it with --host 0.0.0.0 --allow-remote'
      throw new ArcError('remote_refused', text)
    }
    const host = onlyHost(request.rawHeaders)
    if (host === undefined) throw new ArcError('host_refused', 'Host must be given exactly once')
    if (!this.#isAllowed(host)) throw hostRefused(host)
    if (authority !== undefined && authority.toLowerCase() !== host.toLowerCase()) {
      const text = `the request asks "${authority}" and its Host is "${host}": they must be the same`
      throw new ArcError('host_refused', text)
    }
    const { origin } = request.headers
    if (origin === undefined) checkPage(request, host)
    else if (isOwn(origin, host)) checkSite(request)
    else throw foreignOrigin()
  }

  #isAllowed(host: string): boolean {
    if (host === this.#lastAllowed) return true
    const name = hostName(host)
    if (name === undefined) return false
    const isAllowed = name === 'localhost' || this.#allowHosts.has(name) || isPlainAddress(name)
    if (isAllowed) this.#lastAllowed = host
    return isAllowed
  }
}

/** Whether the request comes from our own page, or from no browser. */
function checkPage(request: IncomingMessage, host: string): void {
  const { headers } = request
  if (headers['sec-fetch-site'] !== undefined) {
    checkSite(request)
    return
  }
  // Browsers send no fetch metadata to an address that is neither loopback nor https, and old ones never do. The Referer
  // then names the page; a page can withhold it but not forge it. GETs of the page and its files have no effects.
  const { referer } = headers
  if (referer === undefined ? !isBrowser(headers['user-agent']) : isOwnPage(referer, host)) return
  if (isStatic(request)) return
  const text =
    'requests from web pages of another origin are refused, and this one does not say that it comes from a page of the ' +
    'hub: open the hub under 127.0.0.1 or localhost, or let the browser send Referer'
  throw new ArcError('origin_refused', text)
}

/** Whether fetch metadata say that our own page or a person sent the request. */
function checkSite(request: IncomingMessage): void {
  const { 'sec-fetch-site': site, 'sec-fetch-dest': dest } = request.headers
  if (site === undefined) return
  if (site !== 'same-origin' && site !== 'none') {
    if (isTopLevelVisit(request)) return
    throw new ArcError('origin_refused', 'requests from web pages of another site are refused')
  }
  if (dest === undefined || dest === 'empty' || dest === 'document' || isStatic(request)) return
  throw new ArcError('origin_refused', `the hub's answers are not to be embedded in a page (${dest})`)
}

/** The value of `Host` if there is exactly one. It reads the raw headers, since Node keeps only the first of several. */
function onlyHost(rawHeaders: readonly string[]): string | undefined {
  let found: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.length !== 4 || rawHeaders[i]?.toLowerCase() !== 'host') continue
    if (found !== undefined) return undefined
    found = rawHeaders[i + 1]
  }
  return found
}

function hostRefused(host: string): ArcError {
  const text = isAlias(hostName(host) ?? '')
    ? `Host "${host}" is not allowed, since browsers do not take it for this machine; use 127.0.0.1, [::1] or localhost`
    : `Host "${host}" is not allowed; use an IP address or localhost, or start the hub with --allow-host NAME`
  return new ArcError('host_refused', text)
}

function foreignOrigin(): ArcError {
  return new ArcError('origin_refused', 'requests from web pages of another origin are refused')
}

function isOwn(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`
}

function isOwnPage(referer: string, host: string): boolean {
  return referer.startsWith(`http://${host}/`) || referer.startsWith(`https://${host}/`)
}

/** Every browser's User-Agent begins so, and no page can change that. PowerShell's does too. */
function isBrowser(userAgent: string | undefined): boolean {
  return userAgent?.startsWith('Mozilla/') === true && !/PowerShell\/[0-9]/.test(userAgent)
}

/** Whether a link or bookmark opens the page itself in a tab. */
function isTopLevelVisit({ method, url, headers }: IncomingMessage): boolean {
  const path = url?.split('?')[0]
  return (
    method === 'GET' &&
    path === '/' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document'
  )
}
