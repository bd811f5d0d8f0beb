// What one scan remembers for the next: of each queue its folder's identity, the time of its last change, and whether
// requests wait in it. A folder whose time is the same needs no second reading.
//
// Adding a name to a folder sets its ctime, which no program can choose. A folder that was read less than `SETTLED_MS` after
// its ctime is read once more: a later change may have the same time, since clocks of file systems tick slowly (ext3: 1 s).

import { type Stats, statfsSync } from 'node:fs'
import { identityOf, type SafeFolder } from './safe-folder.js'

export interface QueueFolder {
  readonly name: string
  readonly identity: string
}

/** Only the next scan reads it. Two flat values, since thousands of objects are slow to send to a thread. */
export interface ScanMemory {
  /** Joined by slashes. */
  readonly names: string
  /** `FACTS` numbers for each name. */
  readonly facts: Float64Array
}

interface Row {
  readonly dev: number
  readonly ino: number
  readonly birthtimeMs: number
  readonly ctimeMs: number
  /** The next scan need not read it if its ctime is the same. */
  settled: boolean
  pending: boolean
}

const FACTS = 6
const SETTLED_MS = 2_000
/**
 * Magic numbers (statfs(2)) of file systems that only this machine's kernel changes: ext2 to ext4, XFS, Btrfs, tmpfs, F2FS,
 * ZFS, overlayfs, bcachefs. It sets the folders' times, and tells watches of every change. NFS, SMB, FUSE, 9P and virtiofs
 * do neither.
 */
const OF_THIS_MACHINE: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0xf2f52010, 0x2fc12fc1, 0x794c7630, 0xca451a4e,
])

/** The device of a folder if its file system is one of this machine; undefined for others, and where that is not known. */
export function deviceOfThisMachine(folder: SafeFolder): number | undefined {
  if (process.platform !== 'linux') return undefined
  return OF_THIS_MACHINE.has(statfsSync(folder.path).type) ? folder.device : undefined
}

export class FolderTimes {
  readonly queues: QueueFolder[] = []
  /** Names of the queues whose folders have to be read. */
  readonly unread = new Set<string>()
  readonly #device: number | undefined
  readonly #before: ReadonlyMap<string, Row>
  readonly #rows = new Map<string, Row>()
  readonly #nowMs = Date.now()
  #known = 0

  /** `device`: folders of this device have times that prove something. */
  constructor(memory: ScanMemory | undefined, device: number | undefined) {
    this.#device = device
    this.#before = new Map(memory ? rowsOf(memory) : [])
  }

  add(name: string, stats: Stats): void {
    const { dev, ino, birthtimeMs, ctimeMs } = stats
    const before = this.#before.get(name)
    const isSame = before?.ino === ino && before.dev === dev && before.birthtimeMs === birthtimeMs
    if (isSame) this.#known++
    const isUnchanged = isSame && before.settled && before.ctimeMs === ctimeMs
    if (!isUnchanged) this.unread.add(name)
    this.#rows.set(
      name,
      isUnchanged ? before : { dev, ino, birthtimeMs, ctimeMs, settled: false, pending: false },
    )
    this.queues.push({ name, identity: identityOf(stats) })
  }

  /** Not called for a folder that could not be read: the next scan tries again. */
  wasRead(name: string): void {
    const row = this.#rows.get(name)
    if (row) row.settled = row.dev === this.#device && this.#nowMs - row.ctimeMs > SETTLED_MS
  }

  holdsRequests(name: string): void {
    const row = this.#rows.get(name)
    if (row) row.pending = true
  }

  /** Whether the queues are others than those of the memory. */
  get changed(): boolean {
    return this.#known !== this.#rows.size || this.#known !== this.#before.size
  }

  get pending(): string[] {
    return [...this.#rows].filter(([, { pending }]) => pending).map(([name]) => name)
  }

  /** Nothing waits in any queue, and a watch reports whatever comes. */
  get still(): boolean {
    for (const { settled, pending } of this.#rows.values()) if (!settled || pending) return false
    return this.#device !== undefined
  }

  get memory(): ScanMemory {
    const facts = new Float64Array(this.#rows.size * FACTS)
    let at = 0
    for (const { dev, ino, birthtimeMs, ctimeMs, settled, pending } of this.#rows.values()) {
      facts.set([dev, ino, birthtimeMs, ctimeMs, Number(settled), Number(pending)], at)
      at += FACTS
    }
    return { names: [...this.#rows.keys()].join('/'), facts }
  }
}

function rowsOf({ names, facts }: ScanMemory): [string, Row][] {
  if (names === '') return []
  return names.split('/').map((name, i) => {
    const fact = (n: number) => facts[i * FACTS + n] ?? 0
    const [dev, ino, birthtimeMs, ctimeMs] = [fact(0), fact(1), fact(2), fact(3)]
    return [name, { dev, ino, birthtimeMs, ctimeMs, settled: fact(4) === 1, pending: fact(5) === 1 }]
  })
}
