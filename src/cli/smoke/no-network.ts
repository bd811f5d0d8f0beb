// Runs a process without any network: `unshare` gives it a network namespace of its own, in which not even the loopback
// works. Linux only, and only where the kernel lets this user create one.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ArcError } from '../../protocol/errors.js'

/** For root, and for a user who is root in a namespace of their own. */
const WAYS = [
  ['unshare', '-n'],
  ['unshare', '-rn'],
] as const

/** Tries to connect, and prints the outcome. */
const TRY_TO_CONNECT = `
  const url = new URL(process.argv[1])
  const socket = require('node:net').connect(Number(url.port || 80), url.hostname.replace(/[[\\]]/g, ''))
  socket.on('connect', () => { console.log('connected'); process.exit() })
  socket.on('error', (error) => { console.log(error.code); process.exit() })
`

export interface NoNetwork {
  /** Goes before a command. */
  readonly prefix: readonly string[]
  /** The outcome of a connection to the hub from inside, such as `ENETUNREACH`. */
  readonly evidence: string
}

/** Finds a way to run commands without a network, and tries it on the hub's address. @throws ArcError if there is none */
export async function withoutNetwork(url: string): Promise<NoNetwork> {
  const reasons: string[] = []
  for (const prefix of WAYS) {
    const [command, ...options] = prefix
    try {
      const args = [...options, process.execPath, '--eval', TRY_TO_CONNECT, '--', url]
      const evidence = (await promisify(execFile)(command, args)).stdout.trim()
      if (evidence !== 'connected') return { prefix, evidence }
      reasons.push(`${prefix.join(' ')}: the hub can be reached from inside`)
    } catch (error) {
      reasons.push(`${prefix.join(' ')}: ${(error as Error).message.trim().split('\n').at(-1)}`)
    }
  }
  const text = `no process without a network can be made here (${reasons.join('; ')}): leave out --no-network`
  throw new ArcError('start_failed', text)
}
