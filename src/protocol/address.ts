// A hub's address: the defaults, the forms of the `host` option, and the host by which the hub's own machine reaches it.
// Commands load this file without the hub, so it imports little.

export const DEFAULT_HOST = '127.0.0.1'
export const DEFAULT_PORT = 6969

/** The rule of `listenHost`, as words that follow the option's name. */
export const HOST_RULE =
  'must be an IP address or a name of this machine, such as 127.0.0.1, ::1 or localhost, without a port or a zone'

/**
 * The address or name for a server to listen on: `[::1]` becomes `::1`. Undefined for other text, such as a name with a
 * port, and for an IPv6 address with a zone, which can't be in a URL.
 */
export function listenHost(text: string): string | undefined {
  const [, inBrackets] = /^\[(.*)\]$/.exec(text) ?? []
  const host = inBrackets ?? text
  const isPlain = host.includes(':') ? /^[0-9a-f:.]+$/i.test(host) : !inBrackets && /^[\w.-]+$/.test(host)
  return isPlain && URL.canParse(`http://${bracketed(host)}`) ? host : undefined
}

/** The host of the URL by which this machine reaches a server on `host`. */
export function urlHost(host: string): string {
  const url = `http://${bracketed(host)}`
  const hostname = URL.canParse(url) ? new URL(url).hostname : host
  if (hostname === '0.0.0.0' || hostname === '') return '127.0.0.1'
  return hostname === '[::]' ? '[::1]' : hostname
}

/** Whether a URL's host, as `URL` writes it, is this machine's loopback. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
