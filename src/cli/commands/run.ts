// `arc run`: holds a lock while a command runs, and ends as the command does.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { crypto } from '../../crypto.js'
import { pathFromRoot } from '../../project-path.js'
import { ArcError } from '../../protocol/errors.js'
import type { ArcClient } from '../../sdk/client.js'
import { plainPath } from '../../sdk/paths.js'
import { agentArguments, SHELL_TTL_SEC, signIn } from '../agent-arguments.js'
import { requiredText, seconds, usageError } from '../arguments.js'
import { silentCommand } from '../command.js'
import { ExitStatus, say } from '../output.js'

const args = {
  ...agentArguments,
  lock: { type: 'string', description: 'The path to hold while the command runs', valueHint: 'path' },
  wait: {
    type: 'string',
    description: 'Seconds to wait in line while another agent has it (default 0)',
    valueHint: 'sec',
  },
} as const

/** The lock outlives this process by at most so many seconds, if it is killed. The client refreshes it meanwhile. */
const TTL_SEC = 60
/** Between two looks at a lock that another run of the same agent has. */
const AGAIN_MS = 300
/** What a shell says of a command that it can't find. */
const NOT_FOUND = 127
const BY_SIGNAL = 128
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export default silentCommand({
  args,
  examples: [
    ['arc run --agent me --lock db -- npm test', 'nobody else has db meanwhile'],
    ['arc run --agent me --lock db --wait 60 -- make', 'waits a minute for it'],
  ],
  wrapsCommand: true,
  async run(given, rawArgs) {
    const end = rawArgs.indexOf('--')
    const [command, ...rest] = end === -1 ? [] : rawArgs.slice(end + 1)
    if (command === undefined) throw usageError('a COMMAND is required after --')
    const path = pathFromRoot(requiredText(given.lock, 'lock'))
    const wait = seconds(given.wait, 'wait')
    const client = await signIn(given)
    const release = await take(client, path, wait)
    const status = await statusOf(command, rest)
    const isLost = !(await release())
    if (isLost)
      say(`the lock on ${path} was lost while the command ran: another agent may have changed what it used`)
    throw new ExitStatus(isLost && status === 0 ? 1 : status)
  },
})

/**
 * Takes the lock, and returns what gives it back; that is false if it was lost. To the hub two runs of one agent are one holder:
 * a lock keeps the metadata of its first acquire, which tells whose it is. One that the agent has by `arc lock` it keeps.
 * @throws ExitStatus 1 if another agent or another run has it, also at the end of the wait
 */
async function take(client: ArcClient, path: string, waitSec = 0): Promise<() => Promise<boolean>> {
  const { agentId } = client
  const deadline = performance.now() + waitSec * 1_000
  const metadata = { run: crypto().randomUUID() }
  for (;;) {
    const wait = Math.max(0, deadline - performance.now()) / 1_000
    const held = (await client.listLocks({ agentId, activeOnly: true })).find(
      (lock) => lock.file_path === plainPath(path),
    )
    const isOtherRun = held !== undefined && held.metadata.run !== undefined
    // An acquire would move the expiry of another run's lock, also of one that was killed.
    if (!isOtherRun) {
      const leftSec = held ? Math.ceil((Date.parse(held.expires_at) - Date.now()) / 1_000) : 0
      const ttlSec = held ? Math.max(leftSec, SHELL_TTL_SEC) : TTL_SEC
      const { acquired, lock, fence } = await client.lock(path, { ttlSec, wait, metadata, keep: false })
      const isOwn = lock.metadata.run === metadata.run
      if (acquired && (isOwn || held)) {
        await client.lock(path, { ttlSec, fence }) // the client refreshes it from now on
        return () =>
          released(isOwn ? client.unlock(path, { fence }) : client.refreshLock(path, { ttlSec, fence }))
      }
      if (!acquired) refuse(lock.agent_id, path, lock.expires_at)
    }
    if (wait === 0) refuse(`another arc run of ${agentId}`, path, held?.expires_at)
    await pause(AGAIN_MS)
  }
}

/** @throws ExitStatus 1 */
function refuse(who: string, path: string, until: string | undefined): never {
  const time = until === undefined ? '' : ` until ${until} at the latest`
  say(`${who} has ${path}${time}; the command was not run`)
  throw new ExitStatus(1)
}

/** False if the lock was lost. Without an answer of the hub it ends with its time. */
async function released(release: Promise<unknown>): Promise<boolean> {
  try {
    await release
    return true
  } catch (error) {
    return !(error instanceof ArcError && (error.status === 404 || error.code === 'stale_fence'))
  }
}

/** Runs a command with this process's input and output; gives the status that a shell would. */
async function statusOf(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: 'inherit' })
  for (const signal of PASSED_ON) process.on(signal, () => child.kill(signal))
  try {
    const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return status ?? BY_SIGNAL + constants.signals[signal ?? 'SIGKILL']
  } catch (error) {
    say(`${command} can't be run: ${(error as Error).message}`)
    return NOT_FOUND
  }
}
