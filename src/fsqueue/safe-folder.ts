// Folders and files of a spool, opened so that whoever shares it can't lead the host astray.
//
// On Linux a folder is held by a descriptor, opened with O_NOFOLLOW, and everything in it is reached through
// that descriptor (`/proc/self/fd/N/name`): what is renamed or linked elsewhere afterwards changes nothing.
// Elsewhere the path itself is checked before each use, which leaves a moment between the check and the use.
// A file is read only if it is a regular file with one link and not too large, and the look at it never
// blocks. All calls are synchronous: they run in worker threads that are there to wait for disks.

import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
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
import { makeFolderIn, openTo, PRIVATE_FILE, type Sharing, sharingIn } from './modes.js'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants
const HAS_DESCRIPTOR_PATHS = process.platform === 'linux' && existsSync('/proc/self/fd')
/** Bytes of a folder's own that are read at most: a million names or more, which would fill a thread's memory. */
const MAX_FOLDER_BYTES = 64 * 1024 * 1024

/** What a file turned out to be instead of a request. The text is for the one who put it there. */
export interface NotReadable {
  readonly problem: string
}

export interface FileText {
  readonly text: string
  /**
   * When it was written, epoch milliseconds: the older of its two times, since whoever has written a file can
   * set the time of its content to come, but not that of its last change of any kind.
   */
  readonly writtenMs: number
  readonly size: number
}

/** The folder is missing, or is no folder of this spool: a link, a file, something in its place. */
export class BadFolder extends Error {
  override readonly name = 'BadFolder'
  /** It is just not there. */
  readonly isMissing: boolean

  constructor(what: string, cause: unknown) {
    const { code, message } = cause as NodeJS.ErrnoException
    super(`${what}: ${code === 'ELOOP' || code === 'ENOTDIR' ? 'is a link or no folder' : message}`, {
      cause,
    })
    this.isMissing = code === 'ENOENT'
  }
}

/** What the file system says no to, in contrast to a defect. */
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

  /** A folder in this one; with `make` it is made if it is missing. @throws BadFolder */
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
   * A folder in this one that belongs to the host: it is made if it is missing, and what stands in its place
   * and is no folder is moved aside, since nobody could be served as long as it does. @throws BadFolder
   */
  own(name: string, onRefused?: (name: string) => void): SafeFolder {
    const present = this.stat(name)
    if (present && !present.isDirectory() && this.refuse(name)) onRefused?.(name)
    return this.child(name, { make: true })
  }

  /** Moves something out of the way, under a hidden name. */
  refuse(name: string): boolean {
    return this.rename(name, `.refused-${randomUUID()}-${name}`)
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /**
   * Names in no order; one that is not UTF-8 holds U+FFFD and leads nowhere.
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

  /** Of the thing itself, not of what a link points to; undefined where there is none. */
  stat(name: string): Stats | undefined {
    return lstatSync(join(this.path, name), { throwIfNoEntry: false })
  }

  /** Of this folder: tells whether another one has taken its place. */
  get identity(): string {
    return identityOf(this.#stats)
  }

  /** Changes when this folder is replaced, and when a name in it appears or disappears. */
  get mark(): string {
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

  /** False when there is nothing of that name any more. Takes the place of what has the new name. */
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

  /** The text of a regular file with one link; undefined where there is none. */
  readText(name: string, maxBytes: number): FileText | NotReadable | undefined {
    const path = join(this.path, name)
    const seen = this.stat(name) // some devices act when they are opened, so that must not even be tried
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
   * Writes a new file. One that can't be written to its end (a full disk) is removed again where that is
   * allowed, since it is tried again and again.
   * @throws NodeJS.ErrnoException `EEXIST` where something is there already, a link included
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
        // It is a hidden temporary file: housekeeping moves it away one day.
      }
      throw error
    } finally {
      closeSync(descriptor)
    }
  }
}

/** With the time of birth: a folder that is made where one was deleted often gets the same number. */
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
  // Room for one byte more than the file had: a file that grows meanwhile is seen to, and not read for ever.
  const bytes = Buffer.allocUnsafe(stats.size + 1)
  let size = 0
  // Of a regular file a short read is its end, so that most files take one call.
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

/** By the byte order mark, which is never valid UTF-8. Some shells write it where a command's output goes to a file. */
function isUtf16(content: Buffer): boolean {
  const mark = content.length > 1 ? content.readUInt16LE(0) : 0
  return mark === 0xfeff || mark === 0xfffe
}
