// Finds the hub that a command means: first by the pid files in reach, then at the address. The hub must fit the explicit
// options (`--port`, `--host`, `--storage`); the hub of a pid file higher up does not replace the wanted one.
//
// A command trusts the command line and ARC_BASE_URL wherever they lead, and takes the address from a believed pid file
// (pid-file.ts). It names each other file once on standard error, with the reason and what to do. An answer is the hub's own
// word: a command may show it, but it proves no process and no file.

import { resolve } from 'node:path'
import { DEFAULT_HOST, DEFAULT_PORT, urlHost } from '../protocol/address.js'
import { wordsOf } from '../sdk/hub-address.js'
import { type Doubt, findOwnPidFiles, findPidFiles, type PidFile } from '../sdk/pid-file.js'
import { isServer, storageName } from '../storage-file.js'
import { say } from './output.js'
import { type Probe, probe } from './probe.js'

/** The hub that the command line names. An absent member fits every hub. */
export interface Wanted {
  /** Of `--base-url` or ARC_BASE_URL; `host` and `port` are then its own. */
  readonly url?: string
  readonly isByEnvironment?: true
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly storage?: string | undefined
}

export interface Found {
  readonly url: string
  readonly probe: Extract<Probe, { kind: 'hub' }>
  readonly pidFile?: PidFile
}

export function wantedUrl({ url, host, port }: Wanted): string {
  return url ?? `http://${urlHost(host ?? DEFAULT_HOST)}:${port ?? DEFAULT_PORT}`
}

/** The believed pid files that fit `wanted`, nearest first. It reads each when the caller asks for the next one. */
export function* fittingPidFiles(wanted: Wanted, advice = 'name its hub with --port'): Generator<PidFile> {
  const { url, host, port, storage } = wanted
  if (url !== undefined && !isBare(url)) return
  const asked = host === undefined ? undefined : urlHost(host)
  const files = storage === undefined ? findOwnPidFiles(asked) : findPidFiles(storage, asked)
  for (const found of files) {
    const file = 'reason' in found ? found.file : found
    if (file && port !== undefined && file.port !== port) continue
    if (file && asked !== undefined && hostOf(file.url) !== asked) continue
    if ('reason' in found) sayDoubt(found, advice)
    else yield found
  }
}

const doubted = new Set<string>()

/** Names a pid file once on standard error. */
export function sayDoubt(doubt: Doubt, advice: string): void {
  if (doubted.has(doubt.path)) return
  doubted.add(doubt.path)
  say(`arc: ${wordsOf(doubt, advice)}`)
}

/** A running hub that fits, and the probe of the wanted address. */
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

/** The sentence for "no hub found", with what to do. */
export function whyNoHub(url: string, atAddress: Probe | undefined): string {
  if (atAddress?.kind === 'foreign') return notAHub(url, atAddress.reason)
  if (atAddress?.kind === 'refusing') return refuses(url, atAddress.reason)
  if (atAddress?.kind === 'unreachable') return `${url} can't be reached: ${atAddress.reason}`
  return 'no hub is running; start one with: arc ensure'
}

/** An address as a hub itself has it: one of a server in front may have a path. */
export function isBare(url: string): boolean {
  const { protocol, pathname } = new URL(url)
  return protocol === 'http:' && pathname === '/'
}

/** The sentence for a hub that serves others, but not this command. */
export function refuses(url: string, reason: string): string {
  return `the hub at ${url} refuses this command: ${reason}`
}

/** The sentence for something else on a hub's port. */
export function notAHub(url: string, reason: string): string {
  return `what listens at ${url} is not an Arc hub: ${reason}`
}

export function servesWanted({ info }: { info: { storage_path: string } }, { storage }: Wanted): boolean {
  if (storage === undefined || storageName(storage) === info.storage_path) return true
  // Another implementation may keep symbolic links in the name of its file.
  return !isServer(storage) && resolve(storage) === info.storage_path
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined
}
