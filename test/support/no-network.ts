// Processes without any network, by `unshare`, if the kernel lets this user create them: on Linux, as root or with user
// namespaces.

import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

/** The words before a command that take away its network; undefined if this machine has no way. */
export const NO_NETWORK = [
  ['unshare', '-n'],
  ['unshare', '-rn'],
].find(([command = '', ...options]) => {
  try {
    execFileSync(command, [...options, 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})

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
