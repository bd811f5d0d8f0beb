// Runs the roles of a smoke run, each in a process of its own. Their lines go to standard error at once. If a role fails,
// the others can't pass, so their processes are ended.
//
// smoke-a starts when the others wait for its task. A role that first looks after the task was posted can't tell it from the
// leftover of another run until smoke-a has shown a sign of life, which takes two to three seconds (rules.ts).

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { PROGRAM } from '../../package.js'
import { say } from '../output.js'
import type { SmokeSettings, TransportName } from './arguments.js'
import { ROLES, type RoleName, WAITS_FOR_A_TASK } from './roles.js'
import type { RoleVerdict } from './verdict.js'

export interface Cast {
  /** The transport of each role, in the order of `ROLES`. */
  readonly transports: readonly TransportName[]
  readonly url: string
  readonly relayDir: string
  readonly settings: SmokeSettings
  /** Goes before the command of a role over files. */
  readonly relayPrefix: readonly string[]
}

/** Plays all roles, smoke-a last. */
export async function playAll(cast: Cast): Promise<RoleVerdict[]> {
  const ending = new AbortController()
  const end = () => ending.abort()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, end)
  const play = async (role: RoleName, hears: (line: string) => void = () => {}) => {
    const verdict = await playOne(role, cast, ending.signal, hears)
    if (!verdict.ok) end()
    return verdict
  }
  const [lead, ...followers] = ROLES
  const started = followers.map((role) => {
    let report: () => void = () => {}
    const waits = new Promise<void>((resolve) => {
      report = resolve
    })
    const verdict = play(role, (line) => line.includes(WAITS_FOR_A_TASK) && report())
    // A role that has ended never begins to wait. All roles end then.
    return { verdict, waits: Promise.race([waits, verdict]) }
  })
  await Promise.all(started.map(({ waits }) => waits))
  return Promise.all([play(lead), ...started.map(({ verdict }) => verdict)])
}

function playOne(
  role: RoleName,
  cast: Cast,
  signal: AbortSignal,
  hears: (line: string) => void,
): Promise<RoleVerdict> {
  const transport = cast.transports[ROLES.indexOf(role)] ?? 'http'
  const { channel, threadId, claimKey, timeoutSec, pollSec } = cast.settings
  const way = transport === 'relay' ? ['--relay-dir', cast.relayDir] : ['--base-url', cast.url]
  const [command = process.execPath, ...args] = [
    ...(transport === 'relay' ? cast.relayPrefix : []),
    ...[process.execPath, PROGRAM, 'smoke-agent', '--role', role, '--transport', transport, ...way],
    ...['--channel', channel, '--thread-id', threadId, '--claim-key', claimKey],
    ...['--timeout-sec', `${timeoutSec}`, '--poll-interval-sec', `${pollSec}`],
  ]
  const startedAt = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], signal })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  createInterface({ input: child.stderr }).on('line', (line) => {
    say(line)
    hears(line)
  })
  return new Promise((resolve) => {
    let failure: string | undefined
    child.on('error', (error) => {
      if (!signal.aborted) failure = error.message
    })
    child.on('close', (status, killedBy) => {
      const printed = verdictIn(output)
      if (printed) return resolve(printed)
      failure ??= signal.aborted ? undefined : `its process ended with ${killedBy ?? status}`
      resolve({
        ...{ ok: false, role, transport, channel, thread_id: threadId, claim_key: claimKey },
        ...{ run: null, implementation: null, instance_id: null, steps: [] },
        elapsed_ms: Math.round(performance.now() - startedAt),
        ...(failure !== undefined && { error: `${role} gave no verdict: ${failure}` }),
      })
    })
  })
}

function verdictIn(output: string): RoleVerdict | undefined {
  try {
    return JSON.parse(output) as RoleVerdict
  } catch {
    return undefined
  }
}
