// `arc run`: holds a lock while a command runs, and ends as the command does.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { pathFromRoot } from '../../project-path.js'
import type { ArcClient } from '../../sdk/client.js'
import { agentArguments, signIn } from '../agent-arguments.js'
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
    await take(client, path, wait)
    try {
      throw new ExitStatus(await statusOf(command, rest))
    } finally {
      await client.unlock(path).catch(() => say(`the lock on ${path} was lost while the command ran`))
    }
  },
})

/** @throws ExitStatus 1 if another agent has it, also at the end of the wait */
async function take(client: ArcClient, path: string, wait: number | undefined): Promise<void> {
  const { acquired, lock } = await client.lock(path, { ttlSec: TTL_SEC, wait })
  if (acquired) return
  say(`${lock.agent_id} has ${path} until ${lock.expires_at} at the latest; the command was not run`)
  throw new ExitStatus(1)
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
