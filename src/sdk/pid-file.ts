// `.arc.pid`, beside the storage file, in `.arc/` or elsewhere (PROTOCOL §11): names the hub that serves the
// storage. The hub writes it by temporary file and rename, so that no reader sees half of it, and only its owner can read it.
//
// Anybody can put such a file where a command looks for one: into a folder above, such as /tmp, or into a repository. A
// command that believes it posts to a stranger's server. So a command believes a file only if nobody but its reader or root
// can have written it, git does not track it, and it names this machine's loopback. Even then the file only says whom to
// ask. Before a command signals the process, the machine must prove it (process-proof.ts).

import { rmSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { ROOM_FOLDER } from '../folder.js'
import {
  doubtOfEntry,
  doubtOfOrigin,
  doubtOfOwner,
  makeFile,
  type Reason,
  readPlainFile,
  replaceFile,
} from '../private-file.js'
import { isLoopback, urlHost } from '../protocol/address.js'
import { existingRoom, folderOf, ROOM_STORAGE } from '../storage-file.js'

export const PID_FILE = '.arc.pid'
export const LOG_FILE = '.arc.log'

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
export interface Doubt extends Reason {
  readonly path: string
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
  replaceFile(path, `${JSON.stringify(content)}\n`)
}

/** Writes the file unless there is one, which `false` says. Of several hubs one writes it. */
export function writeFirstPidFile(path: string, content: Omit<PidFile, 'path' | 'uid'>): boolean {
  return makeFile(path, `${JSON.stringify(content)}\n`)
}

/** Removes the file if it still names `pid`: another hub may have replaced it. */
export function removePidFile(path: string, pid: number): void {
  if (readPidFile(path)?.pid === pid) rmSync(path, { force: true })
}

/**
 * The pid files from the working directory upward, then from the storage's folder upward: in each folder that of a room in
 * `.arc/`, then that of a room beside the project's files. Yields believed ones, and the doubts about others. It reads each
 * file when the caller asks for the next one. A storage in a folder that this user may not enter is the first doubt.
 * @param host a host that the user gave: a file may name it although it is beyond the loopback
 */
export function* findPidFiles(
  storagePath: string,
  host?: string,
  from = process.cwd(),
): Generator<PidFile | Doubt> {
  const room = folderOf(storagePath)
  const closed = doubtOfEntry(room)
  if (closed) yield { path: join(room, PID_FILE), ...closed }
  const folders = [...upward(from), ...upward(room)]
  const paths = folders.flatMap((folder) => [join(folder, ROOM_FOLDER, PID_FILE), join(folder, PID_FILE)])
  for (const path of new Set(paths)) {
    const found = judgePidFile(path, host)
    if (found) yield found
  }
}

/**
 * The same for commands to which nobody names a storage. A room has its pid file in its own folder: one in a folder above
 * that of a room is another room's.
 */
export function* findOwnPidFiles(host?: string, from = process.cwd()): Generator<PidFile | Doubt> {
  const room = existingRoom(from)
  const own = room && [resolve(room.project), folderOf(room.storage)]
  for (const found of findPidFiles(room?.storage ?? join(from, ROOM_STORAGE), host, from))
    if (!own || own.some((folder) => isWithin(found.path, folder))) yield found
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return !way.startsWith('..') && !isAbsolute(way)
}

function* upward(from: string): Generator<string> {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    yield folder
    if (dirname(folder) === folder) return
  }
}

/** The file, or the doubt about it. Undefined if it is missing or no pid file of a hub. */
export function judgePidFile(path: string, host?: string): PidFile | Doubt | undefined {
  const read = readPlainFile(path)
  if (!read || 'reason' in read) return read && { path, ...read }
  try {
    const file = parse(read.text, path, read.stat)
    if (!file) return undefined
    const doubt = doubtOfOwner(path, read.stat) ?? doubtOfContent(file, host) ?? doubtOfOrigin(path)
    return doubt ? { path, file, ...doubt } : file
  } catch {
    return undefined // no JSON
  }
}

function parse(text: string, path: string, { uid }: { uid: number }): PidFile | undefined {
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

function doubtOfContent({ url, port }: PidFile, host: string | undefined): Reason | undefined {
  const address = URL.canParse(url) ? new URL(url) : undefined
  if (address?.protocol !== 'http:' || address.username !== '' || Number(address.port || 80) !== port)
    return { reason: `its address, ${JSON.stringify(url)}, is not one of a hub at its port, ${port}` }
  if (isLoopback(address.hostname) || address.hostname === host) return undefined
  return { reason: `it names ${address.origin}, which is beyond the loopback of this machine` }
}
