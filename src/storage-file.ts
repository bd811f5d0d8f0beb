// Where a storage is. Its name is an absolute path without symbolic links, even one whose target is missing. The hub that
// opens the storage and the commands that look for that hub must agree on the name, whether the file exists or not. Commands
// load this file without the hub, so it imports little.

import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { ROOM_FOLDER } from './folder.js'
import { ArcError } from './protocol/errors.js'

const STORAGE = 'arc.sqlite3'
/** The storage of a new room, in the working folder. */
export const ROOM_STORAGE = join(ROOM_FOLDER, STORAGE)

/** SQLite's name for a database without a file. */
const IN_MEMORY = ':memory:'

/** Whether a storage is a database server's, named by a URL. */
export function isServer(storage: string): boolean {
  return /^postgres(ql)?:/.test(storage)
}

/** A storage as logs, the status and other people may see it: a URL without its password, or the path of a file. */
export function storageName(storage: string): string {
  if (!isServer(storage)) return storageFile(storage)
  const withoutUserPassword = storage.replace(/^(\w+:\/\/[^/?@:]*):[^/?]*@/, '$1@')
  return withoutUserPassword.replace(/([?&](?:ssl)?password=)[^&]*/g, '$1…')
}

/**
 * The storage in the working folder that a command means if nobody names one: a new room is in `.arc/`. The reference hub,
 * and Arc before `.arc/`, keep it beside the project's files, and such a room goes on there.
 */
export function defaultStorage(): string {
  const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined
  return isThere(STORAGE) && !isThere(ROOM_STORAGE) ? STORAGE : ROOM_STORAGE
}

/** @throws ArcError for a name that can't be used */
export function storageFile(storagePath: string): string {
  if (/\s$/.test(storagePath)) {
    // better-sqlite3 drops white space at the end, and so would open another file.
    const text = `the storage ${JSON.stringify(storagePath)} ends in white space; choose a name without, with --storage`
    throw new ArcError('storage_unusable', text)
  }
  if (storagePath === IN_MEMORY) {
    const text = `a hub keeps what is said in a file, and ${IN_MEMORY} is none; give one with --storage`
    throw new ArcError('storage_unusable', text)
  }
  return withoutLinks(resolve(storagePath))
}

function withoutLinks(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    // A loop of links, or an unreadable folder: the open fails with the reason.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) return path
  }
  const folder = withoutLinks(dirname(path))
  const target = targetOf(join(folder, basename(path)))
  return target === undefined ? join(folder, basename(path)) : withoutLinks(resolve(folder, target))
}

function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined // no link: the file does not exist yet
  }
}
