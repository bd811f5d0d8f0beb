// Where links lead, also to files that are not there yet.

import { readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** The path of the file itself. The links of a loop, or in a folder that can't be read, stay. */
export function withoutLinks(path: string): string {
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
