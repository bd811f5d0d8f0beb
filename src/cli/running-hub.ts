// Finds the hub that a command means: by the pid files in reach, then at the address itself. What was said
// explicitly (`--port`, `--host`, `--storage`) has to fit; a hub that a pid file higher up names does not
// stand in for another one.
//
// What is trusted: what was said on the command line or in ARC_BASE_URL, wherever it leads; a pid file that is
// believed (pid-file.ts), for whom to ask. A file that is passed over because it is not believed is named once on
// standard error, with the reason and what to do. An answer is what the hub there says of itself: good enough to be
// shown, and no proof of which process or file it is.

import { resolve } from 'node:path'
import { DEFAULT_HOST, DEFAULT_PORT, urlHost } from '../actors/address.js'
import { storageFile } from '../storage-file.js'
import { say } from './output.js'
import { DEFAULT_STORAGE, type Doubt, findPidFiles, type PidFile } from './pid-file.js'
import { type Probe, probe } from './probe.js'

/** What was said on the command line; absent means "whichever". */
export interface Wanted {
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly storage?: string | undefined
}

export interface Found {
  readonly url: string
  readonly probe: Extract<Probe, { kind: 'hub' }>
  readonly pidFile?: PidFile
}

export function wantedUrl({ host, port }: Wanted): string {
  return `http://${urlHost(host ?? DEFAULT_HOST)}:${port ?? DEFAULT_PORT}`
}

/** The pid files that are believed and fit what was said, nearest first; each is looked at when its turn comes. */
export function* fittingPidFiles(wanted: Wanted, advice = 'name its hub with --port'): Generator<PidFile> {
  const { host, port, storage } = wanted
  const asked = host === undefined ? undefined : urlHost(host)
  for (const found of findPidFiles(storage ?? DEFAULT_STORAGE, asked)) {
    const file = 'reason' in found ? found.file : found
    if (file && port !== undefined && file.port !== port) continue
    if (file && asked !== undefined && hostOf(file.url) !== asked) continue
    if ('reason' in found) sayDoubt(found, advice)
    else yield found
  }
}

/** Where a command that acts as an agent finds its hub when it was not told. */
export function nearestUrl(): string {
  const advice = 'name its hub with --base-url or ARC_BASE_URL'
  const [nearest] = fittingPidFiles({}, advice)
  return nearest?.url ?? wantedUrl({})
}

const doubted = new Set<string>()

function sayDoubt({ path, reason, remedy }: Doubt, advice: string): void {
  if (doubted.has(path)) return
  doubted.add(path)
  const todo = [...(remedy === undefined ? [] : [remedy]), `if you trust it: ${advice}`]
  say(`arc: ${path} is not believed: ${reason}; ${todo.join('; ')}`)
}

/** A running hub that fits, and whoever else sits at the wanted address. */
export async function findRunningHub(wanted: Wanted): Promise<{ hub?: Found; atAddress?: Probe }> {
  for (const pidFile of fittingPidFiles(wanted)) {
    const answer = await probe(pidFile.url)
    if (answer.kind === 'hub' && servesWanted(answer, wanted))
      return { hub: { url: pidFile.url, probe: answer, pidFile } }
  }
  if (wanted.port === 0) return {}
  const url = wantedUrl(wanted)
  const atAddress = await probe(url)
  if (atAddress.kind === 'hub' && servesWanted(atAddress, wanted))
    return { hub: { url, probe: atAddress }, atAddress }
  return { atAddress }
}

/** What to say where no hub was found, and what to do. */
export function whyNoHub(url: string, atAddress: Probe | undefined): string {
  if (atAddress?.kind === 'foreign') return `${url} is another program: ${atAddress.reason}`
  if (atAddress?.kind === 'unreachable') return `${url} can't be reached: ${atAddress.reason}`
  return 'no hub is running; start one with: arc ensure'
}

export function servesWanted({ info }: { info: { storage_path: string } }, { storage }: Wanted): boolean {
  // Another implementation may name its file with the symbolic links left in.
  return storage === undefined || [storageFile(storage), resolve(storage)].includes(info.storage_path)
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined
}
