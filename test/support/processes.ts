// Processes of a test: a hub by the command line, or a script beside the test. Each is ended by its pid, at the latest with its
// test.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Test } from 'tap'
import type { StartReport } from '../../src/cli/commands/hub.js'
import { PROGRAM } from '../../src/package.js'
import { isServer } from '../../src/storage-file.js'
import { ownFolder } from './folder.js'
import './bare-children.js'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface TestProcess {
  readonly pid: number
  /** The lines of its standard error. */
  readonly log: readonly string[]
  readonly exited: Promise<Exit>
  /** Sends the signal and resolves when the process is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<Exit>
}

export interface ProcessOptions {
  /** The user that it runs as, and the group of the same number. */
  readonly uid?: number
  /** The most descriptors that it may have open. */
  readonly maxDescriptors?: number
  /** A command before it, such as `nsenter -n`. */
  readonly prefix?: readonly string[]
  /** Its working folder. Default: the test's. */
  readonly cwd?: string
}

export interface HubInProcess extends TestProcess {
  readonly url: string
}

/** Runs a compiled module; it may report by `process.send`. */
export function startScript(
  t: Test,
  module: URL,
  args: readonly string[] = [],
  { uid, maxDescriptors, prefix = [], cwd }: ProcessOptions = {},
): TestProcess & { child: ChildProcess } {
  // Without the test runner's NODE_OPTIONS, which would load itself into the child.
  const { NODE_OPTIONS: _, ...env } = process.env
  const command = [process.execPath, fileURLToPath(module), ...args]
  if (maxDescriptors !== undefined) command.unshift('sh', '-c', `ulimit -n ${maxDescriptors}; exec "$0" "$@"`)
  command.unshift(...prefix)
  const [program = '', ...programArgs] = command
  const child = spawn(program, programArgs, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env,
    ...(cwd !== undefined && { cwd }),
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  const log: string[] = []
  if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => log.push(line))
  // `close` comes after `exit`, when its output has been read to the end.
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    return exited
  }
  t.teardown(() => end('SIGKILL'))
  return { child, pid: child.pid ?? 0, log, exited, end }
}

/** A script's next report. */
export function reportOf<T>({ child, exited, log }: ReturnType<typeof startScript>): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T))
    exited.then(
      ({ code }) => reject(new Error(`ended with ${code} and no report:\n${log.join('\n')}`)),
      reject,
    )
  })
}

/** `arc` in the foreground, ready to answer; `args` are its options. It serves no spool unless one is named. */
export async function startHubProcess(
  t: Test,
  args: readonly string[],
  options?: ProcessOptions,
): Promise<HubInProcess> {
  const relay = args.includes('--spool-dir') || args.includes('--no-relay') ? [] : ['--no-relay']
  // A hub on a server remembers it in its working folder.
  const cwd = args.some(isServer) ? ownFolder(t) : undefined
  const script = startScript(t, pathToFileURL(PROGRAM), [...args, ...relay], {
    ...(cwd && { cwd }),
    ...options,
  })
  const report = await reportOf<StartReport>(script)
  if (!('ready' in report)) throw new Error(`the hub did not start: ${JSON.stringify(report)}`)
  return { ...script, url: report.ready.url }
}
