// A network of machines for tests: namespaces, which reach this process over links with delay and loss (links.py). Packets are
// really lost, so TCP repeats them as between real machines.
//
// The test itself must run in a network of its own, where any address is free: `inOwnNetwork`.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { PACKAGE_ROOT } from '../../src/package.js'
import { ownNetwork } from './no-network.js'

const FORWARDER = fileURLToPath(new URL('test/support/links.py', PACKAGE_ROOT))
const OPENS_TUN = `import ctypes, fcntl, os, struct
fcntl.ioctl(os.open("/dev/net/tun", os.O_RDWR), 0x400454CA, struct.pack("16sH22x", b"probe", 0x1001))`

/** For tap's `skip`. */
export const needsMachines: string | false = canHaveMachines()
  ? false
  : 'needs root on Linux, unshare, ip, python3 and /dev/net/tun: machines with a network between them'

function canHaveMachines(): boolean {
  try {
    const script = 'ip link set lo up && exec python3 -c "$0"'
    execFileSync('unshare', ['-n', 'sh', '-c', script, OPENS_TUN], { stdio: 'ignore' })
    return process.getuid?.() === 0
  } catch {
    return false
  }
}

/** Runs a module of tests in a process with a network of its own. What it reports is this process's report. */
export async function inOwnNetwork(tests: URL): Promise<void> {
  const script = 'ip link set lo up && exec "$0" "$1"'
  const child = spawn('unshare', ['-n', 'sh', '-c', script, process.execPath, fileURLToPath(tests)], {
    stdio: 'inherit',
  })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGALRM'] as const) process.on(signal, () => child.kill(signal))
  const [code] = await once(child, 'exit')
  process.exitCode = code ?? 1
}

/** Of a link between this process and a machine. */
export interface LinkState {
  /** Milliseconds for one direction. Default: 0. */
  readonly delayMs?: number
  /** The share of packets that are lost, in each direction. Default: 0. */
  readonly loss?: number
  /** Directions in which every packet is lost. Default: none. */
  readonly isCut?: { readonly toNear: boolean; readonly toFar: boolean }
}

export interface Machine {
  /** The words before a command that is to run there. */
  readonly prefix: readonly string[]
  /** Where this process reaches it without delay. */
  readonly address: string
  /** Where it reaches this process, over the link. */
  readonly here: string
  /** Its address on the link, as this process sees it. */
  readonly linkAddress: string
  /** Changes the link. */
  link(state: LinkState): Promise<void>
}

/** Adds machines to the network of this process. `seed`: of the packets that are lost. They end with the test. */
export function newNetwork(t: Test, seed: number): () => Promise<Machine> {
  const forwarder = spawn('python3', [FORWARDER, `${seed}`], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(async () => {
    forwarder.stdin.end()
    if (forwarder.exitCode === null) await once(forwarder, 'exit')
  })
  const waiting: (() => void)[] = []
  createInterface({ input: forwarder.stdout }).on('line', () => waiting.shift()?.())
  const tell = (change: object) =>
    new Promise<void>((resolve) => {
      waiting.push(resolve)
      forwarder.stdin.write(`${JSON.stringify(change)}\n`)
    })
  let machines = 0
  return async () => {
    const number = ++machines
    const prefix = await ownNetwork(t)
    const pid = Number(prefix[prefix.indexOf('-t') + 1])
    const make = async (name: string, net: string) => {
      const near = { pid: process.pid, address: `10.${net}.${number}.1` }
      const far = { pid, address: `10.${net}.${number}.2` }
      await tell({ name, near, far })
      return { here: near.address, address: far.address }
    }
    const { address } = await make(`direct${number}`, '1')
    const link = await make(`link${number}`, '2')
    return {
      prefix,
      address,
      here: link.here,
      linkAddress: link.address,
      link: (state) => tell({ name: `link${number}`, ...state }),
    }
  }
}
