// The modes of what hosts and clients create in a spool. By default only the owner may use it. A folder that its group, or
// everybody, may write is shared on purpose: what is created in it is open to the same users, whatever the umask says.
// Everything starts private and is opened afterwards, so at no moment is it open to more users than in the end.

import { closeSync, constants, fchmodSync, fstatSync, mkdirSync, openSync, type Stats } from 'node:fs'

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants
export const PRIVATE_FOLDER = 0o700
export const PRIVATE_FILE = 0o600
const SHARED = [
  { writable: 0o020, folder: 0o070, file: 0o060 },
  { writable: 0o002, folder: 0o007, file: 0o006 },
] as const

/** Permissions of others than the owner, for new folders and new files. */
export interface Sharing {
  readonly folder: number
  readonly file: number
}

/** Who shares what is created in a folder of this mode. Windows has no such modes. */
export function sharingIn({ mode }: Pick<Stats, 'mode'>): Sharing {
  const sharing = { folder: 0, file: 0 }
  if (process.platform === 'win32') return sharing
  for (const { writable, folder, file } of SHARED) {
    if ((mode & writable) === 0) continue
    sharing.folder |= folder
    sharing.file |= file
  }
  return sharing
}

/** @throws NodeJS.ErrnoException `EEXIST` where something is there already, a link included */
export function makeFolderIn(sharing: Sharing, path: string): void {
  mkdirSync(path, PRIVATE_FOLDER)
  if (sharing.folder === 0) return
  // Another user of the folder may have put a link in its place: it is not followed.
  const folder = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    openTo(sharing.folder, folder)
  } finally {
    closeSync(folder)
  }
}

/** Opens a new file or folder to those who share it. */
export function openTo(permissions: number, descriptor: number): void {
  if (permissions === 0) return
  fchmodSync(descriptor, (fstatSync(descriptor).mode & 0o7777) | permissions) // with the set-group-id bit of a shared folder
}
