// Where a hub listens when nothing else is said, how an address to listen on may be written, and how the hub's own
// machine reaches it. Light: commands load it without the hub.

export const DEFAULT_HOST = '127.0.0.1'
export const DEFAULT_PORT = 6969

/** What `listenHost` takes, in words that follow the name of the option. */
export const HOST_RULE =
  'must be an IP address or a name of this machine, such as 127.0.0.1, ::1 or localhost, without a port or a zone'

/**
 * An address or a name as a server listens on it: `[::1]` is `::1`. Undefined for what is neither, such as
 * a name with a port, and for an IPv6 address with a zone, which has no place in a URL.
 */
export function listenHost(text: string): string | undefined {
  const [, inBrackets] = /^\[(.*)\]$/.exec(text) ?? []
  const host = inBrackets ?? text
  const isPlain = host.includes(':') ? /^[0-9a-f:.]+$/i.test(host) : !inBrackets && /^[\w.-]+$/.test(host)
  return isPlain && URL.canParse(`http://${bracketed(host)}`) ? host : undefined
}

/** The host part of the URL under which this machine reaches a server that listens on `host`. */
export function urlHost(host: string): string {
  const url = `http://${bracketed(host)}`
  const hostname = URL.canParse(url) ? new URL(url).hostname : host
  if (hostname === '0.0.0.0' || hostname === '') return '127.0.0.1'
  return hostname === '[::]' ? '[::1]' : hostname
}

/** Whether a URL's host, as `URL` writes it, is this machine and no other. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
