// Runs the real command line as child processes in a temporary folder. The folder is outside the project, since commands look
// for pid files from the working folder upward. Processes get only PATH and HOME, because tap's NODE_OPTIONS would put signal
// handlers into every child. At the end of the test each process that still runs in the folder is ended by its pid.

import { type ChildProcess, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import type { Test } from 'tap'
import { PROGRAM } from '../../src/package.js'
import { PID_FILE, readPidFile } from '../../src/sdk/pid-file.js'
import { until } from './waiting.js'
import './bare-children.js'

/** Milliseconds for a command. One that takes longer hangs: it is killed, and has no exit status. */
const HANG_MS = 45_000

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** A command before `arc`, such as `unshare -n`. */
  readonly prefix?: readonly string[]
  /** Milliseconds after which it counts as hanging. Default: `HANG_MS`. */
  readonly hangMs?: number
}

export interface Finished {
  /** Null if a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  readonly elapsedMs: number
}

/** A command that runs. */
export class Running {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  stdout = ''
  stderr = ''

  constructor(child: ChildProcess, hangMs = HANG_MS) {
    this.child = child
    const startedAt = performance.now()
    const hang = setTimeout(() => child.kill('SIGKILL'), hangMs)
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.finished = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (status) => {
        clearTimeout(hang)
        const elapsedMs = performance.now() - startedAt
        resolve({ status, stdout: this.stdout, stderr: this.stderr, elapsedMs })
      })
    })
  }

  /** Resolves when standard error has this text. Throws if the command ends without it. */
  async says(text: string | RegExp): Promise<void> {
    const said = () => (typeof text === 'string' ? this.stderr.includes(text) : text.test(this.stderr))
    await until(
      () => `${text} in: ${this.stderr}`,
      () => {
        if (said()) return true
        const { exitCode, signalCode } = this.child
        if (exitCode !== null || signalCode !== null) throw new Error(`no ${text} in: ${this.stderr}`)
        return false
      },
    )
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the process did not start')
    return this.child.pid
  }
}

/** A folder in which commands run. At the end of the test its processes are ended, and it is removed. */
export class Place {
  readonly folder: string

  constructor(t: Test) {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'arc-test-')))
    t.teardown(async () => {
      await endProcessesIn(this.folder)
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
    })
  }

  path(...names: string[]): string {
    return join(this.folder, ...names)
  }

  /** A path in the room that commands make here. Creates the room's folder. */
  room(...names: string[]): string {
    return join(this.below('.arc'), ...names)
  }

  /** A folder below this one. Created if missing. */
  below(...names: string[]): string {
    mkdirSync(this.path(...names), { recursive: true })
    return this.path(...names)
  }

  /** Starts `arc …`. */
  start(args: readonly string[], options: RunOptions = {}): Running {
    return this.#spawn([PROGRAM, ...args], options)
  }

  /** Runs `arc …` to its end. */
  arc(args: readonly string[], options?: RunOptions): Promise<Finished> {
    return this.start(args, options).finished
  }

  /** Starts a hub in the background, on any free port unless one is given. */
  async ensure(args: readonly string[] = ['--port', '0'], options?: RunOptions): Promise<BackgroundHub> {
    const done = await this.arc(['ensure', ...args], options)
    const { started, url } = json<{ started: boolean; url: string }>(done)
    if (!started) throw new Error(`no hub was started: ${done.stdout}`)
    const { pid, instance_id } = await statusOf(url)
    return { url, port: Number(new URL(url).port), pid, instanceId: instance_id }
  }

  /** A process that has nothing to do with Arc. */
  stranger(): Stranger {
    return new Stranger(this.#spawn(['-e', 'process.stdin.pipe(process.stdout)'], {}))
  }

  /** The pid of a process that has ended. */
  async deadPid(): Promise<number> {
    const { pid, finished } = this.#spawn(['-e', ''], {})
    await finished
    return pid
  }

  /** Of the room of a project, or of the storage that is in this very folder. */
  pidFile(folder = this.folder): { pid: number; port: number; url: string } {
    const inRoom = join(folder, '.arc', PID_FILE)
    return JSON.parse(readFileSync(existsSync(inRoom) ? inRoom : join(folder, PID_FILE), 'utf8'))
  }

  /** The processes that work in this folder or below it. */
  processes(): number[] {
    return processesIn(this.folder)
  }

  #spawn(
    nodeArgs: readonly string[],
    { cwd = this.folder, env = {}, prefix = [], hangMs }: RunOptions,
  ): Running {
    const variables = Object.entries({ PATH: process.env.PATH ?? '', HOME: this.folder, ...env })
    const args = [
      '-i',
      ...variables.map(([name, value]) => `${name}=${value}`),
      ...prefix,
      process.execPath,
      ...nodeArgs,
    ]
    return new Running(spawn('env', args, { cwd }), hangMs)
  }
}

export interface BackgroundHub {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly instanceId: string
}

/** A process that any signal ends. While it lives, it echoes its input. */
export class Stranger {
  readonly pid: number
  readonly #running: Running

  constructor(running: Running) {
    this.#running = running
    this.pid = running.pid
  }

  /** Resolves with whether it echoes. A process that was signalled before does not. */
  async isUnharmed(): Promise<boolean> {
    const { child, finished } = this.#running
    const answered = new Promise<boolean>((resolve) => child.stdout?.once('data', () => resolve(true)))
    child.stdin?.on('error', () => {})
    child.stdin?.write('are you there?')
    return Promise.race([answered, finished.then(() => false)])
  }
}

/** The one JSON value that a command printed. Throws if its output is anything else. */
export function json<T>({ stdout, stderr }: Finished): T {
  if (!/^[^\n]+\n$/.test(stdout)) throw new Error(`not one line: ${JSON.stringify(stdout)}, and ${stderr}`)
  return JSON.parse(stdout) as T
}

/** The JSON values that a command printed, one a line. */
export function jsonLines<T>({ stdout }: Finished): T[] {
  if (stdout !== '' && !stdout.endsWith('\n')) throw new Error(`not whole lines: ${JSON.stringify(stdout)}`)
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as T)
}

export async function statusOf(url: string) {
  const response = await fetch(`${url}/v1/status`)
  const { result } = (await response.json()) as {
    result: { pid: number; instance_id: string; waiting_polls: number; storage_problem: string | null }
  }
  return result
}

export async function call<T>(url: string, path: string, body?: object): Promise<T> {
  const response = await fetch(url + path, body && { method: 'POST', body: JSON.stringify(body) })
  return ((await response.json()) as { result: T }).result
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch {
    return false
  }
}

/** A port that nobody listens on. It ignores a replayed seed, which would give other test files the same port. */
/** Background hubs are no children of the test. Linux shows the processes that work in a folder; elsewhere pid files do. */
function processesIn(folder: string): number[] {
  let pids: number[]
  try {
    pids = readdirSync('/proc').map(Number).filter(Number.isSafeInteger)
  } catch {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    const files = names.filter((name) => name.endsWith(PID_FILE))
    return files.flatMap((name) => readPidFile(join(folder, name))?.pid ?? []).filter(isAlive)
  }
  return pids.filter((pid) => pid !== process.pid && isWithin(folder, workingFolderOf(pid)))
}

async function endProcessesIn(folder: string): Promise<void> {
  for (const pid of processesIn(folder)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // the process has just ended
    }
  }
  await until('all processes of the test to be gone', () => processesIn(folder).length === 0)
}

function workingFolderOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return '' // gone, or a zombie
  }
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder + sep)
}

function isZombie(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
