// Where a hub listens when nothing else is said, and how its own machine reaches it. Light: commands load
// it without the hub.

export const DEFAULT_HOST = '127.0.0.1'
export const DEFAULT_PORT = 6969

/** The host part of the URL under which this machine reaches a server that listens on `host`. */
export function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
