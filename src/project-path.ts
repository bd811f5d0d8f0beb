// The path of a file from the root of its project, by which agents hold it. The nearest folder upward that holds a room or a
// repository is the root.

import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { ROOM_FOLDER } from './folder.js'

/** A path in the project, from its root. Any other path stays as it is. */
export function inProject(path: string, root: string): string {
  const inside = relative(root, real(path))
  const isOutside = inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)
  return isOutside ? path : inside
}

/** The root of the project of a folder; the folder itself if it is in none. */
export function projectOf(folder: string): string {
  const start = real(folder)
  for (let at = start; ; at = dirname(at)) {
    if ([ROOM_FOLDER, '.git'].some((name) => existsSync(join(at, name)))) return at
    if (dirname(at) === at) return start
  }
}

/**
 * What somebody in a folder means by a path: paths count from the root, but one that is absolute, or goes upward, can only be
 * meant from elsewhere.
 */
export function pathFromRoot(path: string, folder = process.cwd()): string {
  const isFromRoot = !isAbsolute(path) && !path.split(/[\\/]/).includes('..')
  return isFromRoot ? path : inProject(resolve(folder, path), projectOf(folder))
}

/** The same for a glob, if it is absolute. */
export function globFromRoot(glob: string, folder = process.cwd()): string {
  const roots = [projectOf(folder), folder].map((root) => `${root}/`)
  const root = roots.find((one) => glob.startsWith(one))
  return root === undefined ? glob : glob.slice(root.length)
}

/** Through links, also for a file that is not there yet. */
function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return dirname(path) === path ? path : join(real(dirname(path)), basename(path))
  }
}
