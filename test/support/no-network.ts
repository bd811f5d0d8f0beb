// Processes without any network, by `unshare`, if the kernel lets this user create them: on Linux, as root or with user
// namespaces.

import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import type { Test } from 'tap'

/** The words before a command that take away its network; undefined if this machine has no way. */
export const NO_NETWORK = [
  ['unshare', '-n'],
  ['unshare', '-rn'],
].find((words) => succeeds([...words, 'true']))

/** For tap's `skip`. */
export const needsNoNetwork: string | false = NO_NETWORK
  ? false
  : 'needs unshare, as root or with user namespaces: to have no network'

const SCRIPT = `
  import { connect, createServer } from 'node:net'
  import { networkInterfaces } from 'node:os'
  const reach = (port) => new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve('connected'))
    socket.on('error', (error) => resolve(error.code))
  })
  const server = createServer()
  const own = await new Promise((resolve) => {
    server.on('error', (error) => resolve(error.code))
    server.listen(0, () => resolve(server.address().port))
  })
  const report = {
    interfaces: Object.keys(networkInterfaces()).join(),
    hub: await reach(Number(process.argv[1])),
    itself: typeof own === 'number' ? await reach(own) : own,
  }
  process.stdout.write(JSON.stringify(report), () => process.exit())
`

/** Runs a process by `prefix`. Resolves with what it finds: interfaces that are up, the hub's port, a server of its own. */
export async function tryNetwork(prefix: readonly string[], port: number): Promise<Record<string, string>> {
  const [command = '', ...args] = [...prefix, process.execPath, '--input-type=module', '--eval', SCRIPT]
  const { stdout } = await promisify(execFile)(command, [...args, '--', `${port}`], {
    env: { PATH: process.env.PATH },
  })
  return JSON.parse(stdout)
}

const LOOPBACK_UP = ['ip', 'link', 'set', 'lo', 'up']

/** For tap's `skip`. */
export const needsOwnNetwork: string | false =
  NO_NETWORK && succeeds([...NO_NETWORK, ...LOOPBACK_UP])
    ? false
    : 'needs unshare and ip: a network of its own'

/**
 * A network of a test's own, with nothing but a loopback: there every port is free, the default one too.
 * @returns the words before a command that is to run in it
 */
export async function ownNetwork(t: Test): Promise<readonly string[]> {
  const [unshare = '', ...options] = NO_NETWORK ?? []
  const holder = spawn(unshare, [...options, 'sh', '-c', `${LOOPBACK_UP.join(' ')} && echo up && exec cat`])
  t.teardown(() => holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  const asUser = options.includes('-rn') ? ['-U', '--preserve-credentials'] : []
  return ['nsenter', '-t', `${holder.pid}`, '-n', ...asUser]
}

function succeeds([command = '', ...args]: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
