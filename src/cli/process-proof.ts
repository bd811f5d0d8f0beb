// Proves by the machine's own evidence that a process is the hub of a pid file. Commands signal a process on this evidence
// alone, never on the word of a file or of an answer, which somebody else may have written.
//
// Proven: the process belongs to the owner of the file, the socket that listens at the file's address is its own, and it
// began just before the time in the file. Linux shows all three under /proc; elsewhere `ps` and `lsof` do. Without either,
// nothing is proven.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { endianness } from 'node:os'

/** Milliseconds from the start of a process to the start of its hub, which loads its modules in between. */
const START_AFTER_MS = { min: -2_000, max: 30_000 }
/** Milliseconds of one tick, the unit of /proc/<pid>/stat. Every Linux that Node runs on has the same. */
const TICK_MS = 10
const LISTENING = '0A'
const TOOL_TIMEOUT_MS = 5_000

export type Proof =
  | { readonly kind: 'proven' }
  /** The process can't be the hub of the file. */
  | { readonly kind: 'refuted'; readonly reason: string }
  /** The machine shows too little, or one thing does not fit and may have a harmless reason. */
  | { readonly kind: 'untold'; readonly reason: string }

export interface Claimed {
  readonly pid: number
  readonly url: string
  /** The owner of the pid file; absent on systems without owners. */
  readonly uid?: number | undefined
  readonly started_at?: string | undefined
}

/** The evidence about a process. A member is undefined if the machine does not show it. */
interface Seen {
  readonly uid: number | undefined
  readonly startedAtMs: number | undefined
  readonly listens: boolean | undefined
}

export function proveProcess(claimed: Claimed): Proof {
  const { pid, url } = claimed
  const listener = proveListener(claimed)
  if (listener.kind !== 'proven') return listener
  const { startedAtMs } = look(pid, url)
  if (startedAtMs === undefined) return untold(`this machine does not tell when process ${pid} began`)
  if (claimed.started_at === undefined) return untold(`its pid file does not say when the hub started`)
  if (isStartOf(claimed.started_at, startedAtMs)) return { kind: 'proven' }
  const began = new Date(startedAtMs).toISOString()
  return untold(
    `process ${pid} began at ${began}, which does not fit the start of the hub, ${claimed.started_at}`,
  )
}

/** Whether the process is its owner's and began when the hub did, wherever it listens: perhaps on a network that is not ours. */
export function beganAsHub({ pid, url, uid, started_at: startedAt }: Claimed): boolean {
  const seen = look(pid, url)
  if (startedAt === undefined || seen.startedAtMs === undefined || seen.uid !== uid) return false
  return isStartOf(startedAt, seen.startedAtMs)
}

function isStartOf(startedAt: string, processMs: number): boolean {
  const afterMs = Date.parse(startedAt) - processMs
  return afterMs >= START_AFTER_MS.min && afterMs <= START_AFTER_MS.max
}

/** Proves without the start that the process owns the socket which listens at the address. */
export function proveListener({ pid, url, uid }: Claimed): Proof {
  const seen = look(pid, url)
  if (seen.uid !== undefined && uid !== undefined && seen.uid !== uid)
    return refuted(`that process belongs to another user (uid ${seen.uid})`)
  if (seen.listens === undefined) return untold(`this machine does not tell who listens at ${url}`)
  return seen.listens ? { kind: 'proven' } : refuted(`that process does not listen at ${url}`)
}

const refuted = (reason: string): Proof => ({ kind: 'refuted', reason })
const untold = (reason: string): Proof => ({ kind: 'untold', reason })

const hasProc = () => attempt(() => readFileSync('/proc/self/stat')) !== undefined

function look(pid: number, url: string): Seen {
  return hasProc() ? lookInProc(pid, url) : lookByTools(pid, url)
}

export function lookInProc(pid: number, url: string): Seen {
  return {
    uid: attempt(() => Number(/^Uid:\s+\d+\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])),
    startedAtMs: attempt(() => {
      // /proc counts from the boot. The start of this process is known both in ticks and by the clock.
      const sinceMs = (startTicks('self') - startTicks(pid)) * TICK_MS
      return performance.timeOrigin - sinceMs
    }),
    listens: attempt(() => {
      const sockets = listeningAt(url)
      const held = new Set(socketsOf(pid))
      return sockets.length > 0 && sockets.every((socket) => held.has(socket))
    }),
  }
}

function startTicks(pid: number | 'self'): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
}

/** The sockets of a process, by the names of its descriptors. @throws if the process is another user's */
function socketsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).flatMap((fd) => attempt(() => readlinkSync(`${folder}/${fd}`)) ?? [])
}

/** The sockets that accept connections to the address: those bound to it, else those bound to all addresses. */
function listeningAt(url: string): string[] {
  const { hosts, port } = placeOf(url)
  const atPort = ['tcp', 'tcp6'].flatMap((table) => listeners(table)).filter((one) => one.port === port)
  const exact = atPort.filter(({ host }) => hosts.includes(host))
  const any = atPort.filter(({ host }) => host === '0.0.0.0' || host === '[::]')
  return (exact.length > 0 ? exact : any).map(({ socket }) => socket)
}

function listeners(table: string): { host: string; port: number; socket: string }[] {
  const lines = attempt(() => readFileSync(`/proc/self/net/${table}`, 'utf8'))?.split('\n') ?? []
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    if (state !== LISTENING) return []
    return [{ host: hostOfHex(address), port: Number.parseInt(port, 16), socket: `socket:[${inode}]` }]
  })
}

/** An address of /proc/net, as a URL writes it. Its groups of four bytes have the byte order of this machine. */
function hostOfHex(hex: string): string {
  const words = hex.match(/.{8}/g) ?? []
  const bytes = words.flatMap((word) => {
    const inOrder = [...Buffer.from(word, 'hex')]
    return endianness() === 'LE' ? inOrder.reverse() : inOrder
  })
  if (bytes.length === 4) return bytes.join('.')
  const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? []
  return new URL(`http://[${groups.join(':')}]`).hostname
}

function placeOf(url: string): { hosts: string[]; port: number } {
  const { hostname, port } = new URL(url)
  return {
    hosts: hostname === 'localhost' ? ['127.0.0.1', '[::1]'] : [hostname],
    port: Number(port || 80),
  }
}

/** macOS and others. `lsof` names a listening socket `127.0.0.1:6969`, `[::1]:6969` or `*:6969`. */
export function lookByTools(pid: number, url: string): Seen {
  const { hosts, port } = placeOf(url)
  const [, uid, began] =
    /^\s*(\d+)\s+(\S.*\S)\s*$/.exec(run('ps', ['-o', 'uid=,lstart=', '-p', `${pid}`]) ?? '') ?? []
  const names = run('lsof', ['-nP', '-a', '-p', `${pid}`, `-iTCP:${port}`, '-sTCP:LISTEN', '-Fn'])?.split(
    '\n',
  )
  const places = [...hosts, '*'].map((host) => `n${host}:${port}`)
  return {
    uid: uid === undefined ? undefined : Number(uid),
    startedAtMs: began === undefined ? undefined : Date.parse(began),
    listens: names?.some((name) => places.includes(name)),
  }
}

/** The output of a program; undefined if it is not installed. A program that finds nothing exits with 1 and prints nothing. */
function run(program: string, args: readonly string[]): string | undefined {
  try {
    const options = {
      encoding: 'utf8',
      timeout: TOOL_TIMEOUT_MS,
      env: { ...process.env, LC_ALL: 'C' },
    } as const
    return execFileSync(program, args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] })
  } catch (error) {
    return (error as { status?: number | null }).status === 1 ? '' : undefined
  }
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
