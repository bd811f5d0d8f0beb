// Ports that a test can bind, lose and bind again. They are below the kernel's range for outgoing connections: a client that
// retries a dead port of that range can connect to itself, and then holds the port that the hub needs. Test files that run
// at the same time have ports of their own, and a file has each once: a command that shall find nobody may stop who it finds.

import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

const LOWEST = 20_000
/** The most test files that run at the same time. */
const JOBS = 8
/** The runner numbers those that run at the same time. */
const JOB = Number(process.env.TAP_JOB_ID ?? 0) % JOBS

const given = new Set<number>()

/** A free port on loopback that no outgoing connection takes by chance, and no other test. */
export async function steadyPort(): Promise<number> {
  const count = Math.floor((firstEphemeralPort() - LOWEST) / JOBS)
  for (;;) {
    const port = LOWEST + JOB * count + randomInt(count)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
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
