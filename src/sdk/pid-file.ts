// `.arc.pid`, beside the storage file, in `.arc/` or elsewhere (PROTOCOL §11): names the hub that serves the
// storage. The hub writes it by temporary file and rename, so that no reader sees half of it, and only its owner can read it.
//
// Anybody can put such a file where a command looks for one: into a folder above, such as /tmp, or into a repository. A
// command that believes it posts to a stranger's server. So a command believes a file only if nobody but its reader or root
// can have written it, git does not track it, and it names this machine's loopback. Even then the file only says whom to
// ask. Before a command signals the process, the machine must prove it (process-proof.ts).

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { crypto } from '../crypto.js'
import { ROOM_FOLDER } from '../folder.js'
import { isLoopback, urlHost } from '../protocol/address.js'
import { folderOf } from '../storage-file.js'
import { isTrackedByGit } from './git-index.js'

export const PID_FILE = '.arc.pid'
export const LOG_FILE = '.arc.log'

const MAX_BYTES = 64 * 1024
const WRITABLE_BY = { group: 0o020, others: 0o002 }
const STICKY = 0o1000

export interface PidFile {
  readonly path: string
  readonly pid: number
  readonly port: number
  readonly url: string
  /** These two are ours; the reference hub's file has neither. */
  readonly instance_id?: string
  readonly started_at?: string
  /** The owner of the file; absent on systems without owners. */
  readonly uid?: number
}

/** A file that a command does not believe: the reason, and a remedy besides naming the hub by hand. */
export interface Doubt {
  readonly path: string
  readonly reason: string
  readonly remedy?: string
  /** What the file says, if it can be read. */
  readonly file?: PidFile
}

export function pidFileOf(storagePath: string): string {
  return join(folderOf(storagePath), PID_FILE)
}

export function logFileOf(storagePath: string): string {
  return join(folderOf(storagePath), LOG_FILE)
}

/** The file's content, believed or not. Undefined if it is missing or no pid file of a hub. */
export function readPidFile(path: string): PidFile | undefined {
  const found = judgePidFile(path)
  return found && 'reason' in found ? found.file : found
}

export function writePidFile(path: string, content: Omit<PidFile, 'path' | 'uid'>): void {
  const temporary = `${path}.${crypto().randomUUID()}`
  try {
    writeFileSync(temporary, `${JSON.stringify(content)}\n`, { mode: 0o600, flag: 'wx' })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Removes the file if it still names `pid`: another hub may have replaced it. */
export function removePidFile(path: string, pid: number): void {
  if (readPidFile(path)?.pid === pid) rmSync(path, { force: true })
}

/**
 * The pid files from the working directory upward, then from the storage's folder upward: in each folder that of a room in
 * `.arc/`, then that of a room beside the project's files. Yields believed ones, and the doubts about others. It reads each
 * file when the caller asks for the next one.
 * @param host a host that the user gave: a file may name it although it is beyond the loopback
 */
export function* findPidFiles(
  storagePath: string,
  host?: string,
  from = process.cwd(),
): Generator<PidFile | Doubt> {
  const folders = [...upward(from), ...upward(folderOf(storagePath))]
  const paths = folders.flatMap((folder) => [join(folder, ROOM_FOLDER, PID_FILE), join(folder, PID_FILE)])
  for (const path of new Set(paths)) {
    const found = judgePidFile(path, host)
    if (found) yield found
  }
}

function* upward(from: string): Generator<string> {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    yield folder
    if (dirname(folder) === folder) return
  }
}

/** The file, or the doubt about it. Undefined if it is missing or no pid file of a hub. */
export function judgePidFile(path: string, host?: string): PidFile | Doubt | undefined {
  let descriptor: number
  try {
    // O_NOFOLLOW and O_NONBLOCK: it may be a link, or a pipe.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
    descriptor = openSync(path, flags)
  } catch (error) {
    return unopened(path, (error as NodeJS.ErrnoException).code)
  }
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) return { path, reason: 'it is not a regular file' }
    if (isLinkedRoom(path)) return { path, reason: 'the folder that it lies in is a symbolic link' }
    if (stat.size > MAX_BYTES) return undefined
    const file = parse(readFileSync(descriptor, 'utf8'), path, stat)
    if (!file) return undefined
    const doubt = doubtOfOwner(path, stat) ?? doubtOfContent(file, host) ?? doubtOfOrigin(path)
    return doubt ? { path, file, ...doubt } : file
  } catch {
    return undefined // a folder, on systems where one can be opened
  } finally {
    closeSync(descriptor)
  }
}

function unopened(path: string, code: string | undefined): Doubt | undefined {
  if (code === 'ELOOP' || code === 'EMLINK') return { path, reason: 'it is a symbolic link' }
  if (code !== 'EACCES') return undefined
  try {
    return { path, reason: `it belongs to another user (uid ${statSync(path).uid}) and can’t be read` }
  } catch {
    return undefined // this user can't read the folder, so nobody has put the file there for them
  }
}

function parse(text: string, path: string, { uid }: Stats): PidFile | undefined {
  const content = JSON.parse(text) as PidFile
  const isWhole =
    Number.isSafeInteger(content.pid) &&
    content.pid > 0 &&
    Number.isSafeInteger(content.port) &&
    typeof content.url === 'string'
  if (!isWhole) return undefined
  return { ...content, url: reachable(content.url), path, ...(process.geteuid && { uid }) }
}

/** The reference hub writes the address that it listens on. `0.0.0.0` means all addresses, so clients use the loopback. */
function reachable(url: string): string {
  const address = URL.canParse(url) ? new URL(url) : undefined
  if (address?.hostname !== '0.0.0.0' && address?.hostname !== '[::]') return url
  return `${address.protocol}//${urlHost(address.hostname)}:${address.port}`
}

/** Who writes into a folder above, or into a repository, can put a link to another room there. */
function isLinkedRoom(path: string): boolean {
  const folder = dirname(path)
  return basename(folder) === ROOM_FOLDER && lstatSync(folder).isSymbolicLink()
}

type Reason = Omit<Doubt, 'path' | 'file'>

/** The doubt that another user may have written the file or put it there. */
function doubtOfOwner(path: string, file: Stats): Reason | undefined {
  const me = process.geteuid?.()
  if (me === undefined) return undefined
  const folder = dirname(path)
  const around = statSync(folder)
  const isForeign = ({ uid }: Stats) => uid !== me && uid !== 0
  if (isForeign(file)) return { reason: `it belongs to another user (uid ${file.uid})` }
  if (isWritableByOthers(file))
    return { reason: 'other users may write it', remedy: `if it is yours: chmod go-w ${path}` }
  if (isForeign(around)) return { reason: `its folder belongs to another user (uid ${around.uid})` }
  if (isWritableByOthers(around) && !(around.mode & STICKY)) {
    const reason = 'other users may put files into its folder'
    return { reason, remedy: `if the folder is yours: chmod go-w ${folder}` }
  }
  return undefined
}

/** The user's own group does not count: many systems give each user one, which may write the user's new files. */
function isWritableByOthers({ mode, gid }: Stats): boolean {
  if (mode & WRITABLE_BY.others) return true
  return (mode & WRITABLE_BY.group) !== 0 && gid !== process.getegid?.() && gid !== 0
}

function doubtOfContent({ url, port }: PidFile, host: string | undefined): Reason | undefined {
  const address = URL.canParse(url) ? new URL(url) : undefined
  if (address?.protocol !== 'http:' || address.username !== '' || Number(address.port || 80) !== port)
    return { reason: `its address, ${JSON.stringify(url)}, is not one of a hub at its port, ${port}` }
  if (isLoopback(address.hostname) || address.hostname === host) return undefined
  return { reason: `it names ${address.origin}, which is beyond the loopback of this machine` }
}

function doubtOfOrigin(path: string): Reason | undefined {
  const isTracked = isTrackedByGit(path)
  if (isTracked === false) return undefined
  if (isTracked === undefined) return { reason: 'it lies in a git repository whose index can’t be read' }
  const remedy = `if it is yours: git rm --cached ${path}`
  return { reason: 'git tracks it, so whoever made the repository has written it', remedy }
}
