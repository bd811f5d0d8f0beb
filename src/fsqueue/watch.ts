// Watches a spool's queues. The watch gives the speed: its events tell the host to look. Scans find every request, since
// mounts lose events, event queues overflow silently, and some file systems have no events.
//
// While the watch is complete and silent, nothing has changed on a file system of this machine. An overflow hides no change
// for long: it follows thousands of events, and each of them moves `changedAt`.

import { type FSWatcher, readFileSync, watch } from 'node:fs'
import type { QueueFolder } from './folder-times.js'
import { isQueueName, REQUESTS } from './layout.js'
import { SafeFolder } from './safe-folder.js'

/** The most watched queues, which cost 1 KiB of the kernel each; and their share of the watches that a user may have. */
const MAX_WATCHED = { queues: 16_384, share: 1 / 8, whereUnknown: 2_000 } as const
/** Watches that are set in one turn of the event loop. */
const ADDED_A_TURN = 200
/** The system has no watches left. */
const EXHAUSTED: ReadonlySet<unknown> = new Set(['ENOSPC', 'EMFILE', 'ENFILE', 'ENOMEM'])

export class SpoolWatch {
  readonly #spool: string
  readonly #onEvent: (queue: string, name: string | null) => void
  readonly #maxQueues: number
  readonly #watchers = new Map<string, { readonly identity: string; readonly watcher: FSWatcher }>()
  #toAdd: QueueFolder[] = []
  #adding: NodeJS.Immediate | undefined
  #lacks = false
  #changedAt = 0

  /** `onEvent`: the file `name` of a queue has changed; null if the name is unknown. */
  constructor(
    spool: string,
    onEvent: (queue: string, name: string | null) => void,
    maxQueues = mostQueues(),
  ) {
    this.#spool = spool
    this.#onEvent = onEvent
    this.#maxQueues = maxQueues
  }

  /** Every queue of the last `follow` is watched, or can't be opened. */
  get complete(): boolean {
    return !this.#lacks && this.#toAdd.length === 0 && this.#watchers.has('')
  }

  /** When the last event came, or the set of watches changed. Milliseconds of `performance.now`. */
  get changedAt(): number {
    return this.#changedAt
  }

  /**
   * Watches exactly these queues, the first of them where they are too many, and the folder of all for new ones. A changed
   * identity means another folder.
   */
  follow(identity: string, queues: readonly QueueFolder[]): void {
    const wanted = queues.slice(0, this.#maxQueues)
    const identities = new Map(wanted.map((queue) => [queue.name, queue.identity]))
    for (const [name, { identity }] of this.#watchers) {
      if (name !== '' && identities.get(name) !== identity) this.#drop(name)
    }
    this.#lacks = wanted.length < queues.length
    if (this.#watchers.get('')?.identity !== identity) {
      this.#drop('')
      this.#add([{ name: '', identity }])
    }
    this.#toAdd = wanted.filter(({ name }) => !this.#watchers.has(name))
    this.#addSome()
  }

  close(): void {
    if (this.#adding) clearImmediate(this.#adding)
    this.#toAdd = []
    for (const name of [...this.#watchers.keys()]) this.#drop(name)
  }

  #addSome(): void {
    this.#add(this.#toAdd.splice(0, ADDED_A_TURN))
    if (this.#toAdd.length === 0) return
    this.#adding ??= setImmediate(() => {
      this.#adding = undefined
      this.#addSome()
    })
  }

  /** Watches a new queue, then looks into it. */
  #appeared(name: string): void {
    if (!isQueueName(name)) return
    this.#drop(name) // it may be another folder of the same name
    if (this.#watchers.size <= this.#maxQueues) this.#add([{ name, identity: '' }])
    else this.#lacks = true
    this.#onEvent(name, null)
  }

  /** The name '' stands for the folder of all queues. A link is not followed. */
  #add(folders: readonly QueueFolder[]): void {
    if (folders.length === 0) return
    this.#changedAt = performance.now()
    try {
      using root = SafeFolder.open(this.#spool)
      using requests = root.child(REQUESTS)
      for (const folder of folders) this.#addOne(requests, folder)
    } catch {
      this.#lacks = true // the folder of all is gone: the scan creates it again
    }
  }

  #addOne(requests: SafeFolder, { name, identity }: QueueFolder): void {
    if (this.#watchers.has(name)) return
    try {
      using queue = name === '' ? undefined : requests.child(name)
      const watcher = watch((queue ?? requests).path, (_event, file) => this.#noticed(name, file))
      watcher.on('error', () => {
        this.#drop(name)
        this.#lacks = true // the next scan watches it again
      })
      this.#watchers.set(name, { identity, watcher })
    } catch (error) {
      // The folder is deleted or no folder any more, which the watch on the folder of all reports.
      if (!EXHAUSTED.has((error as NodeJS.ErrnoException).code)) return
      this.#lacks = true
      this.#toAdd = []
    }
  }

  #noticed(queue: string, file: string | null): void {
    this.#changedAt = performance.now()
    if (queue !== '') this.#onEvent(queue, file)
    else if (file !== null) this.#appeared(file)
  }

  #drop(name: string): void {
    const watched = this.#watchers.get(name)
    if (!watched) return
    this.#changedAt = performance.now()
    watched.watcher.close()
    this.#watchers.delete(name)
  }
}

function mostQueues(): number {
  try {
    const limit = Number(readFileSync('/proc/sys/fs/inotify/max_user_watches', 'utf8'))
    return Math.min(MAX_WATCHED.queues, Math.floor(limit * MAX_WATCHED.share))
  } catch {
    return MAX_WATCHED.whereUnknown
  }
}
