// The name of a storage. The hub that opens it and the commands that look for that hub have to agree on it, whether
// the file is there already or not: absolute, and by way of no symbolic link, also of one whose target is missing.
// Light: commands load it without the hub.

import { readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { ArcError } from './protocol/errors.js'

/** What SQLite takes for a database without a file. */
const IN_MEMORY = ':memory:'

/** @throws ArcError for a name that can't be used */
export function storageFile(storagePath: string): string {
  if (/\s$/.test(storagePath)) {
    // The library that opens it drops white space there, and so would open another file than is named.
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
    // A loop of links, or a folder that may not be looked into: opening it says so.
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
    return undefined // no link: it is still to be made
  }
}
