// Opens a spool's folders and files so that no other user of the spool can lead the host out of it.
//
// On Linux it holds a folder by a descriptor, opened with O_NOFOLLOW, and reaches each entry through the descriptor
// (`/proc/self/fd/N/name`): later renames and links change nothing. On other systems it checks the path before each use,
// which leaves a moment between the check and the use. It reads only regular files with one link and of bounded size, and
// never blocks on one. All calls are synchronous: they run in worker threads, which may wait for disks.

import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants
const HAS_DESCRIPTOR_PATHS = process.platform === 'linux' && existsSync('/proc/self/fd')
/** The largest size of a folder itself, in bytes: a million names or more would fill a thread's memory. */
const MAX_FOLDER_BYTES = 64 * 1024 * 1024

/** Why a file can't be a request. The text is for its author. */
export interface NotReadable {
  readonly problem: string
}

export interface FileText {
  readonly text: string
  /**
   * When the file was written, in epoch milliseconds: the older of its two times. A writer can set the time of its content
   * into the future, but not the time of its last change.
   */
  readonly writtenMs: number
  readonly size: number
}

/** The folder is missing, or another entry is in its place: a link, a file. */
export class BadFolder extends Error {
  override readonly name = 'BadFolder'
  /** There is no entry of that name. */
  readonly isMissing: boolean

  constructor(what: string, cause: unknown) {
    const { code, message } = cause as NodeJS.ErrnoException
    super(`${what}: ${code === 'ELOOP' || code === 'ENOTDIR' ? 'is a link or no folder' : message}`, {
      cause,
    })
    this.isMissing = code === 'ENOENT'
  }
}

/** Whether an error comes from the file system, and is no defect. */
export function isFileError(error: unknown): error is Error {
  return error instanceof BadFolder || (error instanceof Error && 'syscall' in error)
}

export class SafeFolder {
  /** For messages. */
  readonly name: string
  /** Leads to this very folder while it is open. */
  readonly path: string
  readonly #descriptor: number | undefined

  private constructor(name: string, path: string, descriptor: number | undefined) {
    this.name = name
    this.path = path
    this.#descriptor = descriptor
  }

  /** Opens a folder by its path. It checks only the last component, since the operator owns the rest. @throws BadFolder */
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

  /** A folder in this one; with `make`, a missing one is created. @throws BadFolder */
  child(name: string, { make = false } = {}): SafeFolder {
    const path = join(this.path, name)
    const shown = join(this.name, name)
    try {
      return SafeFolder.#open(shown, path)
    } catch (error) {
      if (!make || !(error instanceof BadFolder && error.isMissing)) throw error
    }
    try {
      mkdirSync(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw new BadFolder(shown, error)
    }
    return SafeFolder.#open(shown, path)
  }

  /**
   * A folder of the host in this one. A missing one is created. Any other entry in its place is moved aside, since the host
   * could serve nobody otherwise. @throws BadFolder
   */
  own(name: string, onRefused?: (name: string) => void): SafeFolder {
    const present = this.stat(name)
    if (present && !present.isDirectory() && this.refuse(name)) onRefused?.(name)
    return this.child(name, { make: true })
  }

  /** Moves an entry aside, to a hidden name. */
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
   * The names, in no order. A name that is not UTF-8 holds U+FFFD, and names no entry.
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

  /** The facts of the entry itself, not of a link's target; undefined if there is none. */
  stat(name: string): Stats | undefined {
    return lstatSync(join(this.path, name), { throwIfNoEntry: false })
  }

  /** Identifies this folder, so that another one in its place is noticed. */
  get identity(): string {
    return identityOf(this.#stats)
  }

  get #stats(): Stats {
    return lstatSync(`${this.path}/.`)
  }

  /** Renames an entry, and replaces one of the new name. False if there is no entry of the old name. */
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

  /** The text of a regular file with one link; undefined if there is no entry. */
  readText(name: string, maxBytes: number): FileText | NotReadable | undefined {
    const path = join(this.path, name)
    const seen = this.stat(name) // some devices act when they are opened, so look first
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
   * Writes a new file. If it can't be written to its end (a full disk), it is deleted where the mount allows that, since the
   * host retries many times.
   * @throws NodeJS.ErrnoException `EEXIST` if there is an entry of that name, a link included
   */
  writeNew(name: string, text: string): void {
    const path = join(this.path, name)
    const descriptor = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666)
    try {
      const bytes = Buffer.from(text)
      for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written)
    } catch (error) {
      try {
        unlinkSync(path)
      } catch {
        // Housekeeping moves this hidden temporary file later.
      }
      throw error
    } finally {
      closeSync(descriptor)
    }
  }
}

/** With the time of birth, since a new folder often gets the inode of a deleted one. */
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
  // Room for one byte more than the file's size: a file that grows meanwhile is noticed, and not read for ever.
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

/** Whether the content begins with UTF-16's byte order mark, as some shells write it; it is never valid UTF-8. */
function isUtf16(content: Buffer): boolean {
  const mark = content.length > 1 ? content.readUInt16LE(0) : 0
  return mark === 0xfeff || mark === 0xfffe
}
