// The one rule by which the SDK and the command line find a hub that nobody names: ARC_BASE_URL, else the nearest
// pid file from the working folder upward that may be believed (pid-file.ts), else the default address. A project with a room
// of its own does not mean the default address: there is another project's hub while its own is stopped.

import { isAlive } from '../process-stat.js'
import { DEFAULT_HOST, DEFAULT_PORT } from '../protocol/address.js'
import { ArcError } from '../protocol/errors.js'
import { existingRoom, roomAbove, storageName } from '../storage-file.js'
import { type Doubt, findOwnPidFiles, type PidFile } from './pid-file.js'

/** The address of a hub with default options. */
export const DEFAULT_BASE_URL = `http://${DEFAULT_HOST}:${DEFAULT_PORT}`

export interface FoundHub {
  readonly url: string
  /** Its pid file is one of ours, and its process runs. */
  readonly isOurs: boolean
  /** Nothing but the default led there: any project's hub may have that address. */
  readonly isDefault?: true
}

/**
 * `doubted` is told of each nearer pid file that is not believed. `folder`: default the working folder.
 * @throws ArcError `invalid_request` if ARC_BASE_URL is no http(s) URL, `no_hub` if the hub of the room there does not run
 */
export function hubAddress(doubted: (doubt: Doubt) => void, folder?: string): string {
  return findHub(doubted, folder).url
}

/** The same, with what its pid file tells. */
export function findHub(doubted: (doubt: Doubt) => void, folder?: string): FoundHub {
  const { ARC_BASE_URL } = process.env
  if (ARC_BASE_URL) return { url: checkedAddress(ARC_BASE_URL, 'ARC_BASE_URL'), isOurs: false }
  for (const found of findOwnPidFiles(undefined, folder)) {
    if (!('reason' in found)) return { url: found.url, isOurs: isOurs(found) }
    doubted(found)
  }
  const room = existingRoom(folder) ?? roomAbove(folder)
  if (room) throw roomIsClosed(room.storage)
  return { url: DEFAULT_BASE_URL, isOurs: false, isDefault: true }
}

export function roomIsClosed(room: string): ArcError {
  const text =
    `no hub runs for the room of this project, ${storageName(room)}: on the host, start it with \`arc ensure\`; from a ` +
    'sandbox never start one, use the file relay. To use another hub on purpose, give its base URL or ARC_BASE_URL'
  return new ArcError('no_hub', text)
}

const isOurs = ({ pid, instance_id }: PidFile): boolean => instance_id !== undefined && isAlive(pid)

/** @throws ArcError `invalid_request` that begins with `name` */
export function checkedAddress(url: string, name: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url
  throw new ArcError(
    'invalid_request',
    `${name} must be an http:// or https:// URL such as ${DEFAULT_BASE_URL}, not ${JSON.stringify(url)}`,
  )
}

/** In words, with what to do; `advice` says how to name the hub. */
export function wordsOf({ path, reason, remedy }: Doubt, advice: string): string {
  const todo = [...(remedy === undefined ? [] : [remedy]), `if you trust it: ${advice}`]
  return `${path} is not believed: ${reason}; ${todo.join('; ')}`
}

/** No hub answers, or none runs where one is meant. */
export const isNoHub = (error: unknown): boolean => error instanceof ArcError && error.code === 'no_hub'
