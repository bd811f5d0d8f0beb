// Tells a hub of another project from one of this project. Any project's hub may have the default port, and commands in a
// folder without a pid file in reach talk to whichever answers there.

import { isAbsolute, relative, sep } from 'node:path'
import { roomIsClosed } from '../sdk/hub-address.js'
import { defaultStorage, existingRoom, isServer, projectOf, roomAbove } from '../storage-file.js'
import { type Found, findRunningHub, type Wanted, wantedUrl, whyNoHub } from './running-hub.js'

/**
 * Whether nothing but the default port led to this hub, and its storage lies neither in this folder nor in one above. A hub
 * in a container, behind a forwarded port or on a database server has such a storage, too.
 */
export function isAnotherProjects({ pidFile, probe }: Found, wanted: Wanted): boolean {
  const isNamed = Object.values(wanted).some((value) => value !== undefined)
  if (pidFile || isNamed) return false
  const storage = probe.info.storage_path
  if (isServer(storage)) return storage !== defaultStorage()
  const here = process.cwd()
  return !isWithin(here, projectOf(storage)) && !isWithin(storage, here)
}

/** The hub that commands here talk to, or why there is none. */
export async function findMeantHub(
  wanted: Wanted,
): Promise<{ readonly hub: Found } | { readonly hub?: undefined; readonly error: string }> {
  const { hub, atAddress } = await findRunningHub(wanted)
  if (!hub) return { error: whyNoHub(wantedUrl(wanted), atAddress) }
  const own = isAnotherProjects(hub, wanted) ? (existingRoom() ?? roomAbove()) : undefined
  return own ? { error: roomIsClosed(own.storage).message } : { hub }
}

/** What a person has to know about it: whose it is, and the two ways on. */
export function othersRoom({ url, probe }: Found): string[] {
  return [
    `arc: the hub at ${url} is another project's: its room is ${probe.info.storage_path}, and commands in this folder talk to it.`,
    `  For a room of this project's own:  arc ensure --port 0`,
    `  To share that room on purpose:     export ARC_BASE_URL=${url}`,
  ]
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}
