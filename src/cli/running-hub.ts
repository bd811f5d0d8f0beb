// Finds the hub that a command means: by the pid files in reach, then at the address itself. What was said
// explicitly (`--port`, `--host`, `--storage`) has to fit; a hub that a pid file higher up names does not
// stand in for another one.

import { resolve } from 'node:path'
import { DEFAULT_HOST, DEFAULT_PORT, urlHost } from '../actors/address.js'
import { DEFAULT_STORAGE, findPidFiles, type PidFile, storageFile } from './pid-file.js'
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

/** The pid files that fit what was said, nearest first. */
export function fittingPidFiles({ host, port, storage }: Wanted): PidFile[] {
  return findPidFiles(storage ?? DEFAULT_STORAGE).filter((file) => {
    if (port !== undefined && file.port !== port) return false
    return host === undefined || hostOf(file.url) === urlHost(host)
  })
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

export function servesWanted({ info }: { info: { storage_path: string } }, { storage }: Wanted): boolean {
  // Another implementation may name its file with the symbolic links left in.
  return storage === undefined || [storageFile(storage), resolve(storage)].includes(info.storage_path)
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined
}
