// Ports that a test can bind, lose and bind again. They are below the kernel's range for outgoing connections: a client that
// retries a dead port of that range can connect to itself, and then holds the port that the hub needs.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { Random } from './campaign.js'

const LOWEST = 20_000

/** A free port on loopback that no outgoing connection takes by chance. */
export async function steadyPort(random = new Random()): Promise<number> {
  for (;;) {
    const port = random.between(LOWEST, firstEphemeralPort() - 1)
    if (await isFree(port)) return port
  }
}

function firstEphemeralPort(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/)[0])
  } catch {
    return 32_768
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
