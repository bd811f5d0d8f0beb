// The host of a URL or of a `Host` header: its name, and whether browsers know that the address is this machine's.

import { isIP } from 'node:net'

/** The name in `name`, `name:port`, `[v6]` or `[v6]:port`, in lower case. Undefined if malformed. */
export function hostName(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^[\]:/?#@\s]+))(?::[0-9]{1,5})?$/i.exec(host)
  const bracketed = match?.[1]
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? bracketed.toLowerCase() : undefined
  return match?.[2]?.toLowerCase()
}

/** Whether a name is an IP address for which `isAlias` is false. */
export function isPlainAddress(name: string): boolean {
  return isIP(name) !== 0 && !isAlias(name)
}

/**
 * Addresses of this machine that browsers take for any other host: 0.0.0.0 and its network, `::`, and IPv4 addresses written
 * as IPv6. Browsers send them no fetch metadata, and let pages call them where loopback is closed to pages.
 */
export function isAlias(name: string): boolean {
  const version = isIP(name)
  if (version === 4) return name.startsWith('0.')
  if (version !== 6 || name === '::1') return false
  // The shortest form of every address of ::/8 begins so: `::`, ::1, and each IPv4 address written as IPv6.
  const shortest = new URL(`http://[${name}]/`).hostname
  return shortest.startsWith('[::') && shortest !== '[::1]'
}

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || /^(::ffff:)?127\./i.test(address))
}
