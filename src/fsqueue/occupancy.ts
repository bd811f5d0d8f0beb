// Decides which host serves a spool. `host.json` is the mark of a host: it names the state on which requests are executed
// (for a hub: the instance id of its storage), and the host refreshes it. Hosts of one state may serve a spool together,
// since a request that both execute has one effect. Each sees the other's mark, and so notices the other's death. A host
// of another state stands by until the first is gone. It then knows whose unanswered requests it finds.
//
// A mark counts while its process is alive. If the process can't be seen, the mark counts for 15 s after its last refresh.
// But a mark from another container of this machine, with the same host name and older than this process, is what a killed
// container left: the hub in its place would wait for itself.

import { HOST_FILE, temporaryName } from './layout.js'
import {
  isThisProcess,
  type ProcessMark,
  STARTED_AT_MS,
  THIS_PROCESS,
  whereaboutsOf,
} from './process-mark.js'
import type { SafeFolder } from './safe-folder.js'

export interface Occupant extends ProcessMark {
  readonly state: string
  /** Epoch milliseconds; 0 if the host has left the spool by itself. */
  readonly seen_at_ms: number
}

export type Occupancy =
  /** `beside`: the mark of another host of this state, which was here last. */
  | { readonly kind: 'serving'; readonly beside?: Occupant | undefined }
  /** It belonged to a host of the state `after`. A second scan must confirm it, since two hosts may have taken over at once. */
  | { readonly kind: 'taken_over'; readonly after?: string | undefined }
  | { readonly kind: 'occupied'; readonly by: string }

const REFRESH_MS = 5_000
/** Milliseconds after the last refresh at which a host whose process can't be seen counts as gone. */
const GONE_AFTER_MS = 15_000
/** A living process may just be slow. But a mark without a start time may name a number that another process has by now. */
const SILENT_AFTER_MS = 120_000
const MAX_BYTES = 65_536

export function occupy(root: SafeFolder, state: string, nowMs = Date.now()): Occupancy {
  const mine: Occupant = { state, ...THIS_PROCESS, seen_at_ms: nowMs }
  const present = readOccupant(root)
  if (!present) {
    if (writeFirst(root, mine)) return { kind: 'serving' }
    // Another host is writing it just now. Or it is garbage, which its age proves.
    const writtenAt = root.stat(HOST_FILE)?.mtimeMs ?? nowMs
    if (isRecent(writtenAt, REFRESH_MS, nowMs)) return { kind: 'occupied', by: 'a host that is starting' }
    write(root, mine)
    return { kind: 'taken_over' }
  }
  if (present.state === state) {
    const isMine = isThisProcess(present)
    if (!isMine || !isRecent(present.seen_at_ms, REFRESH_MS, nowMs)) write(root, mine)
    return { kind: 'serving', beside: isMine ? undefined : present }
  }
  if (isThere(present, nowMs)) {
    return { kind: 'occupied', by: `process ${present.pid} on ${present.host_name}, state ${present.state}` }
  }
  write(root, mine)
  return { kind: 'taken_over', after: present.state }
}

/** Tells the next host that it need not wait. */
export function leave(root: SafeFolder, state: string): void {
  const present = readOccupant(root)
  if (present?.state !== state || !isThisProcess(present)) return
  write(root, { ...present, seen_at_ms: 0 })
}

/** False if the host of this mark counts as gone. */
export function isThere(mark: Occupant, nowMs = Date.now()): boolean {
  const { boot_id, seen_at_ms } = mark
  switch (whereaboutsOf(mark)) {
    case 'gone':
      return false
    case 'alive':
      return isRecent(seen_at_ms, SILENT_AFTER_MS, nowMs)
    case 'elsewhere': {
      const isOfThisMachine = boot_id !== undefined && boot_id === THIS_PROCESS.boot_id
      const isLeftBehind = isOfThisMachine && seen_at_ms < STARTED_AT_MS
      return !isLeftBehind && isRecent(seen_at_ms, GONE_AFTER_MS, nowMs)
    }
  }
}

/** A future time does not count: otherwise its writer could hold the spool for ever. */
function isRecent(atMs: number, withinMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) <= withinMs
}

function readOccupant(root: SafeFolder): Occupant | undefined {
  const file = root.readText(HOST_FILE, MAX_BYTES)
  if (!file || !('text' in file)) return undefined
  try {
    const mark = JSON.parse(file.text) as Partial<Occupant>
    const { state, host_name, pid, seen_at_ms } = mark
    if (typeof state !== 'string' || typeof host_name !== 'string') return undefined
    if (typeof pid !== 'number' || !(pid > 0) || typeof seen_at_ms !== 'number') return undefined
    const { boot_id, pid_namespace, start_ticks } = mark
    return { state, host_name, pid: Math.trunc(pid), boot_id, pid_namespace, start_ticks, seen_at_ms }
  } catch {
    return undefined
  }
}

function writeFirst(root: SafeFolder, occupant: Occupant): boolean {
  try {
    root.writeNew(HOST_FILE, JSON.stringify(occupant))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

function write(root: SafeFolder, occupant: Occupant): void {
  if (root.stat(HOST_FILE)?.isDirectory()) root.displace(HOST_FILE)
  const temporary = temporaryName()
  root.writeNew(temporary, JSON.stringify(occupant))
  root.rename(temporary, HOST_FILE)
}
