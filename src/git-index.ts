// Tells without git whether git tracks a file: a repository's index lists its tracked paths. A tracked file comes from the
// author of the repository.
//
// The index (gitformat-index): "DIRC", version, number of entries; then the entries in the order of their paths. Each entry
// has fixed fields, two bytes of flags whose low 12 bits are the length of the path, perhaps two more, the path, and a NUL.
// In versions 2 and 3 the path is whole, and an entry ends at a multiple of eight bytes. In version 4 an entry holds the
// number of bytes to drop from the end of the previous path, and the bytes to append. A split index keeps most entries in a
// second file of the same format. Reading stops where the path's place is. For a file in the top folder, where most pid
// files are, that is after a few entries.

import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'

const HEADER_BYTES = 12
/** The bytes of an entry before the object's name: times, device, inode, mode, owner, size. */
const STAT_BYTES = 40
const MODE_AT = 24
/** The bytes of an object's name. The index does not say which hash it uses. */
const HASH_BYTES = { sha1: 20, sha256: 32 }
/** A hash, at least, follows the last entry. So the flags and lengths of a whole entry are never nearer to the end. */
const TRAILER_BYTES = 16
const NAME_LENGTH = 0xfff
const EXTENDED = 0x4000
/** The bytes to read first. They decide most cases. */
const BEGINNING_BYTES = 128 * 1024

/** Undefined if there is an unreadable index. */
export function isTrackedByGit(path: string): boolean | undefined {
  try {
    const folder = realpathSync.native(dirname(path))
    const top = workTreeOf(folder)
    if (top === undefined) return false
    const gitFolder = gitFolderOf(top)
    // On a file system that ignores case, a tracked `.ARC.pid` opens under this name, too.
    const name = relative(dirname(path), path)
    if (!readdirSync(folder).includes(name)) return undefined
    const tracked = relative(top, join(folder, name)).split(sep).join('/')
    const spellings = [...new Set([tracked, tracked.normalize('NFC')])]
    const names = readdirSync(gitFolder).filter((name) => /^(shared)?index(\.[0-9a-f]+)?$/.test(name))
    const hashBytes = hashBytesOf(gitFolder)
    return names.some((name) => spellings.some((path) => lists(join(gitFolder, name), path, hashBytes)))
  } catch {
    return undefined
  }
}

/** The nearest folder upward that holds a `.git`. */
function workTreeOf(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (statSync(join(folder, '.git'), { throwIfNoEntry: false })) return folder
    if (dirname(folder) === folder) return undefined
  }
}

/** `.git` is a folder, or in linked work trees and submodules a file that names one. */
function gitFolderOf(top: string): string {
  const path = join(top, '.git')
  if (statSync(path).isDirectory()) return path
  const [, named] = /^gitdir: (.+?)\s*$/.exec(readFileSync(path, 'utf8')) ?? []
  if (named === undefined) throw new Error(`${path} names no folder`)
  return resolve(top, named)
}

/** A linked work tree uses the configuration of the folder that it is linked to. */
function hashBytesOf(gitFolder: string): number {
  const shared = join(gitFolder, 'commondir')
  const common = existsSync(shared) ? resolve(gitFolder, readFileSync(shared, 'utf8').trim()) : gitFolder
  const isSha256 = /^\s*objectformat\s*=\s*"?sha256/im.test(readFileSync(join(common, 'config'), 'utf8'))
  return isSha256 ? HASH_BYTES.sha256 : HASH_BYTES.sha1
}

/** Whether an index lists a path. @throws for one that can't be read */
function lists(index: string, path: string, hashBytes: number): boolean {
  const file = openSync(index, 'r')
  try {
    const { size } = fstatSync(file)
    for (const bytes of new Set([Math.min(BEGINNING_BYTES, size), size])) {
      const beginning = Buffer.alloc(bytes)
      readSync(file, beginning, 0, bytes, 0)
      const answer = search(beginning, Buffer.from(path), hashBytes)
      if (answer !== 'beyond') return answer === 'found'
    }
    throw new Error(`${index} ends in the middle of an entry`)
  } finally {
    closeSync(file)
  }
}

/**
 * `beyond`: the path's place lies after the whole entries of this buffer.
 * @throws when the entries are malformed, as with object names of another length
 */
export function search(index: Buffer, path: Buffer, hashBytes: number): 'found' | 'missing' | 'beyond' {
  const version = index.toString('latin1', 0, 4) === 'DIRC' ? index.readUInt32BE(4) : 0
  if (version < 2 || version > 4) throw new Error('not an index of version 2, 3 or 4')
  let at = HEADER_BYTES
  let length = 0
  let common = 0 // bytes that the last path shares with the wanted one, which comes after it
  for (let left = index.readUInt32BE(8); left > 0; left--) {
    const flagsAt = at + STAT_BYTES + hashBytes
    if (flagsAt + TRAILER_BYTES > index.length) return 'beyond'
    if (index.readUInt16BE(at + MODE_AT) !== 0) throw new Error('an entry with an impossible mode')
    const flags = index.readUInt16BE(flagsAt)
    const from = flagsAt + (flags & EXTENDED ? 4 : 2)
    const [dropped, start] = version === 4 ? variableLength(index, from) : [length, from]
    const kept = length - dropped
    const counted = flags & NAME_LENGTH
    const end = counted < NAME_LENGTH ? start + counted - kept : index.indexOf(0, start)
    if (end >= index.length || end === -1) return 'beyond'
    if (kept < 0 || end < start || index[end] !== 0) throw new Error('a path of another length than it says')
    length = kept + end - start
    if (kept <= common) {
      common = kept
      let here = start
      while (here < end && index[here] === path[common]) {
        here++
        common++
      }
      if (here === end && common === path.length) return 'found'
      if (here < end && (index[here] ?? 0) > (path[common] ?? -1)) return 'missing'
    }
    at = version === 4 ? end + 1 : at + ((end - at + 8) & ~7)
  }
  return 'missing'
}

/** A number in groups of seven bits. Each group but the last has its high bit set, and adds one to its value. */
function variableLength(index: Buffer, from: number): [value: number, next: number] {
  let at = from
  let byte = index[at++] ?? 0
  let value = byte & 0x7f
  while (byte & 0x80) {
    byte = index[at++] ?? 0
    value = ((value + 1) << 7) | (byte & 0x7f)
  }
  return [value, at]
}
