// A small file of a room that only its user writes: the pid file, and the one that remembers a server. Anybody can put such a
// file where a command looks for it: into a folder above, such as /tmp, or into a repository. So a command believes it only if
// nobody but its reader or root can have written it, and git does not track it.

import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname } from 'node:path'
import { crypto } from './crypto.js'
import { ROOM_FOLDER } from './folder.js'
import { isTrackedByGit } from './git-index.js'

const MAX_BYTES = 64 * 1024
const WRITABLE_BY = { group: 0o020, others: 0o002 }
const STICKY = 0o1000

/** Why a file is not believed, and what its owner can do about it. */
export interface Reason {
  readonly reason: string
  readonly remedy?: string
}

/** Whose a file is, and who may write it: of `fs.Stats`, which the types of the SDK do not need. */
interface Owned {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

/** Writes a file whole, so that no reader sees half of it. Only its owner can read it. */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${crypto().randomUUID()}`
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Makes a file, unless there is one: then it returns false. Of several processes one makes it. */
export function makeFile(path: string, text: string): boolean {
  const temporary = `${path}.${crypto().randomUUID()}`
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' })
    linkSync(temporary, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** A file's text, or why its place is not to be believed. Undefined if it is missing, or too large. */
export function readPlainFile(
  path: string,
): { readonly text: string; readonly stat: Owned } | Reason | undefined {
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
    if (!stat.isFile()) return { reason: 'it is not a regular file' }
    if (isLinkedRoom(path)) return { reason: 'the folder that it lies in is a symbolic link' }
    if (stat.size > MAX_BYTES) return undefined
    return { text: readFileSync(descriptor, 'utf8'), stat }
  } catch {
    return undefined // a folder, on systems where one can be opened
  } finally {
    closeSync(descriptor)
  }
}

function unopened(path: string, code: string | undefined): Reason | undefined {
  if (code === 'ELOOP' || code === 'EMLINK') return { reason: 'it is a symbolic link' }
  if (code !== 'EACCES') return undefined
  const stat = statOf(path)
  if (!stat) return undefined // in a folder that this user may not enter nobody has put it there for them
  return { reason: `it belongs to another user (uid ${stat.uid}) and can’t be read` }
}

/** Who writes into a folder above, or into a repository, can put a link to another room there. */
function isLinkedRoom(path: string): boolean {
  const folder = dirname(path)
  return basename(folder) === ROOM_FOLDER && lstatSync(folder).isSymbolicLink()
}

/** The doubt that another user may have written the file or put it there. */
export function doubtOfOwner(path: string, file: Owned): Reason | undefined {
  const me = process.geteuid?.()
  if (me === undefined) return undefined
  const folder = dirname(path)
  const around = statSync(folder)
  const isForeign = ({ uid }: Owned) => uid !== me && uid !== 0
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

/** The doubt about files in a folder that this user may not enter. Undefined if they may, or if it is missing. */
export function doubtOfEntry(folder: string): Reason | undefined {
  try {
    accessSync(folder, constants.X_OK)
    return undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return undefined
  }
  const stat = statOf(folder)
  if (stat && !stat.isDirectory()) return undefined
  const me = process.geteuid?.()
  if (stat?.uid === me) return { reason: 'you may not enter its folder', remedy: `chmod u+rwx ${folder}` }
  const reason = `its folder belongs to another user${stat ? ` (uid ${stat.uid})` : ''}, and you may not enter it`
  return { reason, remedy: `if it is yours: sudo chown -R ${me} ${folder}` }
}

/** Undefined if this user may not see the path. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

/** The user's own group does not count: many systems give each user one, which may write the user's new files. */
function isWritableByOthers({ mode, gid }: Owned): boolean {
  if (mode & WRITABLE_BY.others) return true
  return (mode & WRITABLE_BY.group) !== 0 && gid !== process.getegid?.() && gid !== 0
}

/** The doubt that the file came with a repository. */
export function doubtOfOrigin(path: string): Reason | undefined {
  const isTracked = isTrackedByGit(path)
  if (isTracked === false) return undefined
  if (isTracked === undefined) return { reason: 'it lies in a git repository whose index can’t be read' }
  const remedy = `if it is yours: git rm --cached ${path}`
  return { reason: 'git tracks it, so whoever made the repository has written it', remedy }
}
