// Where a storage is: in a file, or in a database that a server keeps. The name of a file is an absolute path without symbolic
// links, even one whose target is missing. The hub that opens the storage and the commands that look for that hub must agree on
// the name, whether the file exists or not. Commands load this file without the hub, so it imports little.

import { existsSync, lstatSync, realpathSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { ROOM_FOLDER } from './folder.js'
import { homeFolder } from './home.js'
import { withoutLinks } from './links.js'
import { doubtOfEntry, doubtOfOrigin, doubtOfOwner, readPlainFile, replaceFile } from './private-file.js'
import { ArcError } from './protocol/errors.js'

const STORAGE = 'arc.sqlite3'
/** In the folder of a room that a server keeps: the URL of its storage, without a password. */
const SERVER_URL = 'server-url'
/** The storage of a new room, in the working folder. */
export const ROOM_STORAGE = join(ROOM_FOLDER, STORAGE)

/** SQLite's name for a database without a file. */
const IN_MEMORY = ':memory:'

/** Whether a storage is a database server's, named by a URL. */
export function isServer(storage: string): boolean {
  return /^postgres(ql)?:/.test(storage)
}

/**
 * The name of a storage, by which commands know a hub's: the path of a file, or a URL without its password.
 * @throws ArcError for a name that can't be used
 */
export function storageName(storage: string): string {
  return isServer(storage) ? withoutPassword(storage).url : storageFile(storage)
}

/** A host, of several one by one: a name, an address in brackets, or the folder of a socket; and its port. */
const HOST = String.raw`(?:\[[\da-fA-F:.]+\]|[^:/?#@,\s\[\]]*)(?::\d+)?`
/** What may stand as it is in a URL of PostgreSQL: its parts are the user, the password, the rest and the query. */
const SERVER = new RegExp(
  String.raw`^(postgres(?:ql)?:\/\/)(?:([^/?#@:\s]*)(?::([^/?#@\s]*))?@)?(${HOST}(?:,${HOST})*(?:\/[^/?#@\s]*)?)(?:\?([^#\s]*))?$`,
)
/** What of a query asks for TLS or a password, as psql knows it. Of others a mistake would go unseen. */
const KNOWN =
  /^(ssl|sslmode|sslrootcert|sslcert|sslkey|sslpassword|sslnegotiation|sslsni|sslcrl|sslcrldir|sslcertmode|sslcompression|ssl_(?:min|max)_protocol_version|password|passfile)$/
const DELICATE = /ssl|tls|pass/i

/**
 * A server's URL and its password, which only the environment of a hub may hold: everybody can read command lines.
 * @throws ArcError `storage_unusable` for a URL that can't be read. It does not repeat the URL, which may hold a password
 */
export function withoutPassword(url: string): {
  readonly url: string
  readonly password: string | undefined
} {
  const [, scheme, user, secret, rest, query = ''] = SERVER.exec(url) ?? []
  if (scheme === undefined || rest === undefined) throw unreadable('')
  const pairs = query.split('&').filter((pair) => pair !== '')
  for (const pair of pairs) {
    const [name = ''] = pair.split('=', 1)
    if (!/^[\w.-]+=/.test(pair)) throw unreadable('')
    if (DELICATE.test(name) && !KNOWN.test(name)) throw unreadable(`: it knows no "${name}"`)
  }
  const others = pairs.filter((pair) => !/^(ssl)?password=/.test(pair))
  const given = secret ?? pairs.find((pair) => pair.startsWith('password='))?.slice('password='.length)
  try {
    return {
      url: `${scheme}${user === undefined ? '' : `${user}@`}${rest}${others.length > 0 ? `?${others.join('&')}` : ''}`,
      password: given === undefined ? undefined : decodeURIComponent(given),
    }
  } catch {
    throw unreadable('')
  }
}

function unreadable(why: string): ArcError {
  const text =
    `the URL of the storage can't be read${why}; write postgres://user:password@host:5432/room, and in the password ` +
    '%25 for %, %2F for /, %3F for ?, %23 for #, %40 for @'
  return new ArcError('storage_unusable', text)
}

/**
 * The folder of a storage's pid file and log: its own. For a server's that of the nearest room that remembers it, else that of
 * the room in the working folder.
 */
export function folderOf(storage: string): string {
  if (!isServer(storage)) return dirname(storageFile(storage))
  const name = storageName(storage)
  const folder = ['', ...ownFoldersAbove()].find((place) => serverIn(place) === name) ?? ''
  return resolve(folder, ROOM_FOLDER)
}

/**
 * Remembers the storage of the room in a folder, whose hub has started: commands there mean it if nobody names one. A room that
 * is in a file again is found by its file. The folder of the room must exist.
 */
export function rememberStorage(storage: string): void {
  if (isServer(storage)) replaceFile(join(folderOf(storage), SERVER_URL), `${storageName(storage)}\n`)
  else if (basename(storage) === STORAGE)
    rmSync(join(projectOf(storage), ROOM_FOLDER, SERVER_URL), { force: true })
}

/** @throws ArcError `storage_unusable` if somebody else may have written what the room in this folder remembers */
function serverIn(folder: string): string | undefined {
  const path = join(folder, ROOM_FOLDER, SERVER_URL)
  const read = readPlainFile(path)
  if (!read) return undefined
  const doubt =
    'reason' in read
      ? read
      : (doubtOfOwner(path, read.stat) ??
        doubtOfOrigin(path) ??
        (isServer(read.text) ? undefined : { reason: 'it holds no URL of PostgreSQL' }))
  if (!doubt) return storageName((read as { text: string }).text.trim())
  const remedy = doubt.remedy === undefined ? '' : `${doubt.remedy}; `
  const text = `${resolve(path)} names the storage of this room, and is not believed: ${doubt.reason}; ${remedy}else delete it`
  throw new ArcError('storage_unusable', text)
}

/**
 * The storage that a command means if nobody names one: that of the room in the working folder, else that of the nearest room
 * above it in the same git work tree, else a new room in the working folder.
 */
export function defaultStorage(): string {
  return existingRoom()?.storage ?? ROOM_STORAGE
}

export interface Room {
  readonly storage: string
  /** The folder that the room is in. */
  readonly project: string
}

/** The room that is in a folder, or above it in the same git work tree. Default: the working folder. */
export function existingRoom(folder = ''): Room | undefined {
  const here = storageIn(folder)
  if (here !== undefined) return { storage: here, project: resolve(folder) }
  for (const project of foldersAbove(resolve(folder)).filter(isOwn)) {
    const storage = storageIn(project)
    if (storage !== undefined) return { storage, project }
  }
  return undefined
}

/**
 * This user's room in a folder above that is no git work tree: commands below find its hub by the pid file, and mean no other while
 * it is stopped. A room in the home folder is not that of all projects.
 */
export function roomAbove(folder = ''): Room | undefined {
  const me = process.geteuid?.()
  const home = realHome()
  for (let project = dirname(resolve(folder)); ; project = dirname(project)) {
    if (project === dirname(project) || project === home) return undefined
    const owner = ownerOf(join(project, ROOM_FOLDER))
    const isMine = owner !== undefined && (me === undefined || owner === me)
    const storage = isMine ? storageIn(project) : undefined
    if (storage !== undefined) return { storage, project }
  }
}

/** Undefined if it is not there, or may not be seen. */
function ownerOf(path: string): number | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.uid
  } catch {
    return undefined
  }
}

function realHome(): string | undefined {
  try {
    return realpathSync(homeFolder())
  } catch {
    return undefined
  }
}

/** @throws ArcError `storage_unusable` for a file in a folder that this user may not enter, as of a hub that root has started */
export function refuseClosed(storage: string): void {
  const path = isServer(storage) ? undefined : storageFile(storage)
  const doubt = path === undefined ? undefined : doubtOfEntry(dirname(path))
  if (!doubt) return
  const text = `${path} can't be used: ${doubt.reason}; ${doubt.remedy}, or name another room with --storage`
  throw new ArcError('storage_unusable', text)
}

/** The folder whose agents meet in the room; a server's URL as it is. */
export function projectOf(storage: string): string {
  if (isServer(storage)) return storage
  const folder = dirname(storage)
  return basename(folder) === ROOM_FOLDER ? dirname(folder) : folder
}

/**
 * The storage of a room in a folder, if there is one: the server that the room remembers, else a file. A new room is in `.arc/`. The reference hub, and Arc before `.arc/`, keep
 * it beside the project's files, and such a room goes on there.
 */
function storageIn(folder: string): string | undefined {
  const files = [ROOM_STORAGE, STORAGE].map((storage) => join(folder, storage))
  return serverIn(folder) ?? files.find(isThere)
}

/** A room that this user may not enter is there as well; who opens it is told why they can't. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return true
  }
}

const ownFoldersAbove = () => foldersAbove(process.cwd()).filter(isOwn)

/** The folders between a folder and the top of its git work tree, nearest first. None outside of one. */
function foldersAbove(from: string): string[] {
  const folders: string[] = []
  const isTop = (folder: string) => existsSync(join(folder, '.git'))
  let folder = from
  while (!isTop(folder)) {
    if (dirname(folder) === folder) return []
    folder = dirname(folder)
    folders.push(folder)
  }
  return folders
}

/** Another user's folder may hold another user's room, which instructs agents. */
function isOwn(folder: string): boolean {
  const me = process.geteuid?.()
  const owner = lstatSync(folder, { throwIfNoEntry: false })?.uid
  return me === undefined || owner === me || owner === 0
}

/** @throws ArcError for a name that can't be used */
export function storageFile(storagePath: string): string {
  if (/\s$/.test(storagePath)) {
    // better-sqlite3 drops white space at the end, and so would open another file.
    const text = `the storage ${JSON.stringify(storagePath)} ends in white space; choose a name without, with --storage`
    throw new ArcError('storage_unusable', text)
  }
  const [, scheme] = /^([a-z][a-z\d+.-]+):\/\//i.exec(storagePath) ?? []
  if (scheme !== undefined) {
    const text = `the storage is the path of a file, or the URL of a PostgreSQL server, postgres://user@host/room, and no ${scheme}:// URL`
    throw new ArcError('storage_unusable', text)
  }
  if (storagePath === IN_MEMORY) {
    const text = `a hub keeps what is said in a file, and ${IN_MEMORY} is none; give one with --storage`
    throw new ArcError('storage_unusable', text)
  }
  return withoutLinks(resolve(storagePath))
}
