// The host of a URL or of a `Host` header: its name, and whether it names an address under which browsers and this hub agree
// about what it is.

import { isIP } from 'node:net'

/** The name in `name`, `name:port`, `[v6]` or `[v6]:port`, in lower case; undefined when it is malformed. */
export function hostName(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^[\]:/?#@\s]+))(?::[0-9]{1,5})?$/i.exec(host)
  const bracketed = match?.[1]
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? bracketed.toLowerCase() : undefined
  return match?.[2]?.toLowerCase()
}

/** Whether a name is an IP address, and none of those by which `isAlias` reaches this machine. */
export function isPlainAddress(name: string): boolean {
  return isIP(name) !== 0 && !isAlias(name)
}

/**
 * Addresses that lead to this machine, but that browsers take for a host like any other: 0.0.0.0 and its network, `::`, and IPv4
 * addresses written as IPv6. To these they send no fetch metadata, and pages may ask for them where loopback is closed to them.
 */
export function isAlias(name: string): boolean {
  const version = isIP(name)
  if (version === 4) return name.startsWith('0.')
  if (version !== 6 || name === '::1') return false
  // In the shortest form all of ::/8 begins so: the network that holds `::`, ::1, and each way to write an IPv4 address.
  const shortest = new URL(`http://[${name}]/`).hostname
  return shortest.startsWith('[::') && shortest !== '[::1]'
}

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === '::1' || /^(::ffff:)?127\./i.test(address))
}
