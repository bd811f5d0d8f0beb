// `arc ensure`: starts a hub in the background unless one answers. Many calls at once start one hub: only one process can
// bind the port, and the other calls find its hub. At any free port (`--port 0`) each could bind one: there the hub that
// writes the pid file first stays, and the others give way to it.
//
// If the hub at the default port is another project's, a project without a room shares it, as all commands do, and the person
// is told. For a project with a room of its own, that room's hub starts, at a port that the storage's name decides.

import { spawn } from 'node:child_process'
import { constants, existsSync, fchmodSync, fstatSync, openSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { crypto } from '../../crypto.js'
import { makeFolder } from '../../folder.js'
import { PROGRAM } from '../../package.js'
import { isAlive } from '../../process-stat.js'
import { DEFAULT_HOST, isLoopback } from '../../protocol/address.js'
import { ArcError } from '../../protocol/errors.js'
import { HUB_NUMBERS } from '../../protocol/numbers.js'
import { logFileOf } from '../../sdk/pid-file.js'
import {
  defaultStorage,
  existingRoom,
  folderOf,
  isServer,
  projectOf,
  refuseClosed,
  roomAbove,
  storageName,
  withoutPassword,
} from '../../storage-file.js'
import { positiveSeconds } from '../arguments.js'
import { command } from '../command.js'
import { hubArguments, hubOptionsFrom, wantedArguments, wantedFrom } from '../hub-arguments.js'
import { isAnotherProjects, othersRoom } from '../other-project.js'
import { ExitStatus, say, showFacts } from '../output.js'
import { type Probe, probe } from '../probe.js'
import { beganAsHub } from '../process-proof.js'
import { goneWithin } from '../processes.js'
import {
  type Found,
  findRunningHub,
  fittingPidFiles,
  isBare,
  notAHub,
  refuses,
  type Wanted,
  wantedUrl,
} from '../running-hub.js'
import { GIVES_WAY, type StartReport } from './hub.js'

const args = {
  ...hubArguments,
  'base-url': wantedArguments['base-url'],
  timeout: { type: 'string', description: 'Seconds to wait for the hub (default 10)', valueHint: 'sec' },
} as const

const DEFAULT_TIMEOUT_SEC = 10
/** Ports of rooms whose project finds the default port taken: below those that systems give to clients. */
/** A hub that stops answers those who wait, and then ends. */
const STOPPING_MS = 10_000
const OWN_PORTS = { from: 16_969, count: 10_000 }
/** Milliseconds for a hub that holds the port to answer. */
const WINNER_WAIT_MS = 5_000

export default command({
  args,
  examples: [
    ['arc ensure', 'a hub for this folder and those below'],
    ['arc ensure --port 0', 'at any free port'],
  ],
  async run(given, rawArgs) {
    hubOptionsFrom(given, rawArgs) // a wrong value fails here, not in the log of a hub that did not start
    const wanted = wantedFrom(given, HUB_NUMBERS.port.min)
    const timeoutMs = (positiveSeconds(given.timeout, 'timeout') ?? DEFAULT_TIMEOUT_SEC) * 1_000
    try {
      await showFacts(given, await ensure(wanted, hubArgsFrom(rawArgs, wanted), timeoutMs))
    } catch (error) {
      await showFacts(given, {
        running: error instanceof LostStorage,
        started: false,
        url: error instanceof LostStorage ? error.url : wanted.port === 0 ? undefined : wantedUrl(wanted),
        error: error instanceof Error ? error.message : String(error),
      })
      throw new ExitStatus(1)
    }
  },
})

async function ensure(wanted: Wanted, hubArgs: string[], timeoutMs: number): Promise<Ensured> {
  // Any free port: only a hub of this very storage makes a start needless.
  const fitting =
    wanted.port === 0 ? { ...wanted, port: undefined, storage: wanted.storage ?? defaultStorage() } : wanted
  const { hub, atAddress } = await findRunningHub(fitting)
  if (hub) {
    if (isAnotherProjects(hub, wanted)) return besideOther(hub, hubArgs, timeoutMs)
    refuseLost(hub)
    if (hubArgs.includes('--allow-remote') && !hub.probe.info.allow_remote) {
      say(
        `arc: the hub that runs serves this machine alone; to open it, arc stop, then the same command again`,
      )
    }
    return { running: true, started: false, url: hub.url }
  }
  if (atAddress && wanted.port !== 0) await refuseOccupied(atAddress, wanted)
  if (wanted.url !== undefined) refuseElsewhere(wanted.url)
  if (await isUnreachable(fitting)) return ensure(wanted, hubArgs, timeoutMs)
  const above = wanted.storage === undefined && !existingRoom() ? roomAbove() : undefined
  const report = await startInBackground(wanted.storage ?? defaultStorage(), hubArgs, timeoutMs)
  if ('ready' in report) {
    if (above) say(`arc: this is a new room; to go on with the one in ${above.project}, run arc ensure there`)
    return { running: true, started: true, url: report.ready.url }
  }
  if ('elsewhere' in report) return { running: true, started: false, url: report.elsewhere.url }
  const winner = report.failed.code === 'port_in_use' ? await winnerOf(wanted) : undefined
  if (winner) return { running: true, started: false, url: winner }
  throw ArcError.fromData(report.failed)
}

/**
 * Waits for the end of a hub of this room that lives and does not answer: it may be stopping. True if it answers after all.
 * @throws ArcError `no_hub` if it can't be reached from here: a second hub would serve who can't be served by the first
 */
async function isUnreachable(wanted: Wanted): Promise<boolean> {
  const folder = folderOf(wanted.storage ?? defaultStorage())
  for (const file of fittingPidFiles(wanted)) {
    if (dirname(resolve(file.path)) !== folder || !isAlive(file.pid) || !beganAsHub(file)) continue
    const before = await probe(file.url)
    if (before.kind === 'hub' || (await goneWithin(file.pid, STOPPING_MS))) continue
    if ((await probe(file.url)).kind === 'hub') return true
    const text =
      `the hub of this room runs, as process ${file.pid}, and can't be reached from here at ${file.url}: in a sandbox ` +
      'without a network start none, and use the file relay; if it hangs, end that process'
    throw new ArcError('no_hub', text)
  }
  return false
}

interface Ensured {
  running: boolean
  started: boolean
  url: string
  /** Of another project, whose room this one shares. */
  storage_path?: string
}

/** The default port is another project's. */
async function besideOther(other: Found, hubArgs: string[], timeoutMs: number): Promise<Ensured> {
  const storage = defaultStorage()
  refuseClosed(storage)
  if (!isServer(storage) && !existsSync(storage)) {
    say(...othersRoom(other))
    refuseLost(other)
    return { running: true, started: false, url: other.url, storage_path: other.probe.info.storage_path }
  }
  const at = (port: number) => ensure({ port, storage }, [...hubArgs, '--port', `${port}`], timeoutMs)
  const ensured = await at(portOf(storage)).catch((error: unknown) => {
    if (error instanceof ArcError && error.code === 'port_in_use') return at(0)
    throw error
  })
  say(
    `arc: ${other.url} is the hub of another project, ${projectOf(other.probe.info.storage_path)}; the hub of this one, ` +
      `which has a room of its own, is at ${ensured.url}. To share the other room: export ARC_BASE_URL=${other.url}`,
  )
  return ensured
}

/** The same for all commands that start a hub on this storage at once, so only one hub starts. */
function portOf(storage: string): number {
  const hash = crypto().createHash('sha256').update(storageName(storage)).digest()
  return OWN_PORTS.from + (hash.readUInt32BE() % OWN_PORTS.count)
}

/** @throws ArcError if no hub of this machine could be at the URL */
function refuseElsewhere(url: string): void {
  if (isBare(url) && isLoopback(new URL(url).hostname)) return
  const text = `no hub answers at ${url}, and arc ensure starts hubs on this machine only: start it there`
  throw new ArcError('no_hub', text)
}

/** The hub runs and refuses writes, so its caller can't use it. */
class LostStorage extends Error {
  readonly url: string

  constructor(url: string, problem: string) {
    super(problem)
    this.url = url
  }
}

function refuseLost({ url, probe }: Found): void {
  const problem = probe.status?.storage_problem
  if (problem) throw new LostStorage(url, problem)
}

/** @throws ArcError when the wanted address is taken by something that is not the wanted hub */
async function refuseOccupied(occupant: Probe, wanted: Wanted): Promise<void> {
  const url = wantedUrl(wanted)
  if (occupant.kind === 'hub') {
    const text = `the hub at ${url} serves another storage, ${occupant.info.storage_path}; choose another port with --port`
    throw new ArcError('port_in_use', text)
  }
  if (occupant.kind === 'refusing') throw new ArcError('no_hub', refuses(url, occupant.reason))
  // If the address is not this machine's, the hub says so when it tries to listen there.
  if (occupant.kind === 'foreign' && (await isOfThisMachine(wanted.host ?? DEFAULT_HOST))) {
    const text = `${notAHub(url, occupant.reason)}; stop that program, or choose another port: arc ensure --port 0`
    throw new ArcError('port_in_use', text)
  }
}

function isOfThisMachine(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port: 0 }, () => server.close(() => resolve(true)))
  })
}

/** The hub that another `ensure` started meanwhile, if one did. */
async function winnerOf(wanted: Wanted): Promise<string | undefined> {
  const giveUpAt = Date.now() + WINNER_WAIT_MS
  for (;;) {
    const { hub, atAddress } = await findRunningHub(wanted)
    if (hub) return hub.url
    if (atAddress?.kind !== 'foreign' || Date.now() > giveUpAt) return undefined
    await sleep(50)
  }
}

function startInBackground(storage: string, hubArgs: string[], timeoutMs: number): Promise<StartReport> {
  refuseClosed(storage)
  const log = openLog(logFileOf(storage))
  const { args, env } = withoutSecret(hubArgs)
  env[GIVES_WAY] = '1'
  // Node 20 would read the certificates before all else, and a hub on a file connects to nobody.
  if (!isServer(storage)) delete env.NODE_EXTRA_CA_CERTS
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    detached: true,
    env,
    stdio: ['ignore', log, log, 'ipc'],
  })
  return new Promise((resolve) => {
    const settle = (report: StartReport) => {
      clearTimeout(timer)
      child.removeAllListeners()
      if (child.connected) child.disconnect()
      child.unref()
      resolve(report)
    }
    // Waits for the end of a hub that has failed or given way, so that its process is gone then.
    let last: StartReport | undefined
    const failed = (text: string): StartReport => ({
      failed: new ArcError('start_failed', text).toData(),
    })
    const timer = setTimeout(() => {
      last ??= failed(`the hub was not ready within ${timeoutMs / 1_000} s; see ${logFileOf(storage)}`)
      child.kill('SIGKILL')
    }, timeoutMs)
    child.on('message', (message) => {
      const report = message as StartReport
      if ('ready' in report) settle(report)
      else last = report
    })
    child.on('error', (error) => settle(failed(`the hub could not be started: ${error.message}`)))
    child.on('exit', (status) => {
      const text = `the hub ended with status ${status} as it started; see ${logFileOf(storage)}`
      const end = () => settle(last ?? failed(text))
      // The process's end may arrive before its last message.
      if (child.connected) child.on('disconnect', end)
      else end()
    })
  })
}

/** Takes the database's password out of the command line, which everybody on the machine can read. */
function withoutSecret(hubArgs: readonly string[]): { args: string[]; env: NodeJS.ProcessEnv } {
  const env = { ...process.env }
  const args = hubArgs.map((argument) => {
    const [, option = '', value = ''] = /^(--storage=)?(.*)$/s.exec(argument) ?? []
    if (!isServer(value)) return argument
    const { url, password } = withoutPassword(value)
    if (password !== undefined) env.PGPASSWORD = password
    return `${option}${url}`
  })
  return { args, env }
}

function openLog(path: string): number {
  try {
    makeFolder(dirname(path))
    // O_NOFOLLOW: the log may be a link that came with a repository and leads to any file of this user.
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0 } = constants
    const log = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600)
    if ((fstatSync(log).mode & 0o077) !== 0) closeToOthers(log)
    return log
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const text =
      code === 'ELOOP'
        ? `cannot write the log ${path}, which is a symbolic link and is not followed; delete the link`
        : `cannot write the log ${path} (${message}); choose a folder that may be written with --storage`
    throw new ArcError('storage_unusable', text)
  }
}

/** Closes a log to other users; an earlier version left it open. */
function closeToOthers(log: number): void {
  try {
    fchmodSync(log, 0o600)
  } catch {
    // Another user owns it, and lets us write to it.
  }
}

/** The command line of the hub: without the options that are for `ensure` alone, and with the address of a URL. */
function hubArgsFrom(rawArgs: readonly string[], { url, port }: Wanted): string[] {
  const own = ['--timeout', '--base-url']
  const flags = ['--json', '--no-json']
  const isOwn = (argument = '') =>
    [...own, ...flags].some((option) => argument === option || argument.startsWith(`${option}=`))
  const kept = rawArgs.filter((argument, i) => !isOwn(argument) && !own.includes(rawArgs[i - 1] ?? ''))
  if (url === undefined) return kept
  return [...kept, '--host', new URL(url).hostname, '--port', `${port}`]
}
