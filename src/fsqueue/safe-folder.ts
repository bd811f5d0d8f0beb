// Folders and files of a spool, opened so that nobody who shares the spool can lead the host astray.
//
// On Linux a descriptor, opened with O_NOFOLLOW, holds each folder. Everything in the folder is reached through that
// descriptor (`/proc/self/fd/N/name`), so a later rename or link changes nothing. Elsewhere the path is checked before each
// use, which leaves a moment between the check and the use. A file is read only if it is a regular file, has one link and is
// not too large, and opening it never blocks. All calls are synchronous: they run in threads that may block, and at the start of a hub.

import { isUtf8 } from 'node:buffer'
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { crypto } from '../crypto.js'
import { makeFolderIn, openTo, PRIVATE_FILE, type Sharing, sharingIn } from './modes.js'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants
const HAS_DESCRIPTOR_PATHS = process.platform === 'linux' && existsSync('/proc/self/fd')
/** The largest folder that is listed. More names, a million or so, would fill a thread's memory. */
const MAX_FOLDER_BYTES = 64 * 1024 * 1024

/** Why a file can't be a request. The text is for its author. */
export interface NotReadable {
  readonly problem: string
}

export interface FileText {
  readonly text: string
  /**
   * When it was written, epoch milliseconds: the older of its mtime and its ctime. Its author can set the mtime to any time,
   * but can't choose the ctime.
   */
  readonly writtenMs: number
  readonly size: number
}

/** The folder is missing, or a link or a file is in its place. */
export class BadFolder extends Error {
  override readonly name = 'BadFolder'
  /** There is nothing of that name. */
  readonly isMissing: boolean

  constructor(what: string, cause: unknown) {
    const { code, message } = cause as NodeJS.ErrnoException
    super(`${what}: ${code === 'ELOOP' || code === 'ENOTDIR' ? 'is a link or no folder' : message}`, {
      cause,
    })
    this.isMissing = code === 'ENOENT'
  }
}

/** An error of the file system, in contrast to a defect. */
export function isFileError(error: unknown): error is Error {
  return error instanceof BadFolder || (error instanceof Error && 'syscall' in error)
}

export class SafeFolder {
  /** For messages. */
  readonly name: string
  /** Leads to this very folder while it is open. */
  readonly path: string
  readonly #descriptor: number | undefined
  #sharingHere: Sharing | undefined

  private constructor(name: string, path: string, descriptor: number | undefined) {
    this.name = name
    this.path = path
    this.#descriptor = descriptor
  }

  /** Opens a folder by its path. Only its last component is checked: what lies above is the operator's. @throws BadFolder */
  static open(path: string): SafeFolder {
    return SafeFolder.#open(path, path)
  }

  static #open(name: string, path: string): SafeFolder {
    try {
      if (HAS_DESCRIPTOR_PATHS) {
        const descriptor = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        return new SafeFolder(name, `/proc/self/fd/${descriptor}`, descriptor)
      }
      if (!lstatSync(path).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' })
      return new SafeFolder(name, path, undefined)
    } catch (error) {
      throw new BadFolder(name, error)
    }
  }

  /** Opens a folder in this one. With `make`, creates it if it is missing. @throws BadFolder */
  child(name: string, { make = false } = {}): SafeFolder {
    const path = join(this.path, name)
    const shown = join(this.name, name)
    try {
      return SafeFolder.#open(shown, path)
    } catch (error) {
      if (!make || !(error instanceof BadFolder && error.isMissing)) throw error
    }
    try {
      makeFolderIn(this.#sharing, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw new BadFolder(shown, error)
    }
    return SafeFolder.#open(shown, path)
  }

  /**
   * Opens a folder of the host in this one, and creates it if it is missing. An entry in its place that is no folder is moved
   * aside, since the host could serve nobody while it is there. @throws BadFolder
   */
  own(name: string, onDisplaced?: (name: string) => void): SafeFolder {
    const present = this.stat(name)
    if (present && !present.isDirectory() && this.displace(name)) onDisplaced?.(name)
    return this.child(name, { make: true })
  }

  /** Moves an entry aside, to a hidden name. False if there is none. */
  displace(name: string): boolean {
    return this.rename(name, `.refused-${crypto().randomUUID()}-${name}`)
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /**
   * Names, in no order. One that is not UTF-8 contains U+FFFD and leads nowhere.
   * @throws BadFolder when there are too many
   */
  list(): string[] {
    this.checkSize()
    return readdirSync(this.path)
  }

  /** @throws BadFolder when it holds too many names to be listed */
  checkSize(maxBytes = MAX_FOLDER_BYTES): void {
    if (this.#stats.size > maxBytes) throw new BadFolder(this.name, new Error('it holds too many files'))
  }

  /** The names that are not UTF-8. */
  listUnreadable(): Buffer[] {
    return readdirSync(this.path, 'buffer').filter((name) => !isUtf8(name))
  }

  /** Of the entry itself, not of the target of a link. Undefined if there is none. */
  stat(name: string): Stats | undefined {
    return lstatSync(`${this.path}/${name}`, { throwIfNoEntry: false })
  }

  /** Differs if another folder has taken the place of this one. */
  get identity(): string {
    return identityOf(this.#stats)
  }

  /** Changes when this folder is replaced, and when a name in it appears or disappears. */
  get version(): string {
    const stats = this.#stats
    return `${identityOf(stats)}:${stats.ctimeMs}`
  }

  get device(): number {
    return this.#stats.dev
  }

  get #sharing(): Sharing {
    this.#sharingHere ??= sharingIn(this.#stats)
    return this.#sharingHere
  }

  get #stats(): Stats {
    return lstatSync(`${this.path}/.`)
  }

  /** Replaces what has the new name. False if nothing has the old one. */
  rename(name: string | Buffer, newName: string, into: SafeFolder = this): boolean {
    const path =
      typeof name === 'string' ? join(this.path, name) : Buffer.concat([Buffer.from(`${this.path}/`), name])
    try {
      renameSync(path, join(into.path, newName))
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    }
  }

  /** The text of a regular file with one link. Undefined if there is no entry of that name. */
  readText(name: string, maxBytes: number): FileText | NotReadable | undefined {
    const path = join(this.path, name)
    const seen = this.stat(name) // before opening: some devices act when they are opened
    if (!seen) return undefined
    const problem = problemOf(seen, maxBytes)
    if (problem) return { problem }
    let descriptor: number
    try {
      descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      return code === 'ENOENT' ? undefined : { problem: `it can't be opened: ${message}` }
    }
    try {
      const opened = fstatSync(descriptor)
      const changed = problemOf(opened, maxBytes)
      if (changed) return { problem: changed }
      return readWhole(descriptor, opened, maxBytes)
    } finally {
      closeSync(descriptor)
    }
  }

  /**
   * Writes a new file. On a full disk, removes the part that it has written where that is allowed: the host tries again and
   * again, and would fill the folder with parts.
   * @throws NodeJS.ErrnoException `EEXIST` if the name is taken, by a link too
   */
  writeNew(name: string, text: string): void {
    const path = join(this.path, name)
    const descriptor = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, PRIVATE_FILE)
    try {
      openTo(this.#sharing.file, descriptor)
      const bytes = Buffer.from(text)
      for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written)
    } catch (error) {
      try {
        unlinkSync(path)
      } catch {
        // It is a hidden temporary file, which housekeeping archives.
      }
      throw error
    } finally {
      closeSync(descriptor)
    }
  }
}

/** With the time of birth, since a new folder often gets the inode number of a deleted one. */
export function identityOf({ dev, ino, birthtimeMs }: Stats): string {
  return `${dev}:${ino}:${birthtimeMs}`
}
export const writtenMs = ({ mtimeMs, ctimeMs }: Stats): number => Math.min(mtimeMs, ctimeMs)

function problemOf(stats: Stats, maxBytes: number): string | undefined {
  if (stats.isSymbolicLink()) return 'it is a symbolic link'
  if (!stats.isFile()) return 'it is not a regular file'
  if (stats.nlink > 1) return 'it has more than one name (hard links)'
  if (stats.size > maxBytes) return `it is larger than ${maxBytes} bytes`
  return undefined
}

function readWhole(descriptor: number, stats: Stats, maxBytes: number): FileText | NotReadable {
  // One byte more than the file had, which shows that a file grows. Such a file is not read on.
  const bytes = Buffer.allocUnsafe(stats.size + 1)
  let size = 0
  // A short read of a regular file is its end, so most files take one call.
  for (let isShort = false; !isShort && size <= stats.size; ) {
    const wanted = bytes.length - size
    const read = readSync(descriptor, bytes, size, wanted, size)
    isShort = read < wanted
    size += read
  }
  if (size > Math.min(stats.size, maxBytes)) return { problem: 'it was still being written' }
  const content = bytes.subarray(0, size)
  if (!isUtf8(content))
    return { problem: isUtf16(content) ? 'it is UTF-16, not UTF-8' : 'it is not valid UTF-8' }
  return { text: content.toString('utf8'), writtenMs: writtenMs(stats), size }
}

/** Tells it by the byte order mark, which is never valid UTF-8. Some shells write one when they redirect output to a file. */
function isUtf16(content: Buffer): boolean {
  const mark = content.length > 1 ? content.readUInt16LE(0) : 0
  return mark === 0xfeff || mark === 0xfffe
}
