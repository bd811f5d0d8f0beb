// Watches a spool's queues. An event only says "look": mounts lose events, event queues overflow silently, and some file
// systems have none. The scan finds every request.

import { type FSWatcher, watch } from 'node:fs'
import { isQueueName, REQUESTS } from './layout.js'
import { SafeFolder } from './safe-folder.js'

/** The most watched queues; scans serve the others. */
const MAX_WATCHED = 2_000

export class SpoolWatch {
  readonly #spool: string
  readonly #onEvent: (queue: string, name: string | null) => void
  readonly #watchers = new Map<string, { readonly identity: string; readonly watcher: FSWatcher }>()

  /** `onEvent`: the file `name` of a queue has changed; null if the name is unknown. */
  constructor(spool: string, onEvent: (queue: string, name: string | null) => void) {
    this.#spool = spool
    this.#onEvent = onEvent
  }

  /**
   * Watches exactly these queues (the first `MAX_WATCHED`), and the folder for new ones. A changed identity means another
   * folder.
   */
  follow(identity: string, queues: readonly { readonly name: string; readonly identity: string }[]): void {
    const wanted = new Map(queues.slice(0, MAX_WATCHED).map((queue) => [queue.name, queue.identity]))
    for (const [name, { identity }] of this.#watchers) {
      if (name !== '' && wanted.get(name) !== identity) this.#drop(name)
    }
    if (this.#watchers.get('')?.identity !== identity) {
      this.#drop('')
      this.#add('', identity, (name) => name !== null && this.#appeared(name))
    }
    for (const [name, identity] of wanted) this.#addQueue(name, identity)
  }

  close(): void {
    for (const name of [...this.#watchers.keys()]) this.#drop(name)
  }

  /** Watches a new queue, then looks into it. */
  #appeared(name: string): void {
    if (!isQueueName(name)) return
    this.#drop(name) // it may be another folder of the same name
    if (this.#watchers.size <= MAX_WATCHED) this.#addQueue(name, '')
    this.#onEvent(name, null)
  }

  #addQueue(name: string, identity: string): void {
    this.#add(name, identity, (file) => this.#onEvent(name, file))
  }

  /** `key`: the queue; '' for the folder of all. A link is not followed. */
  #add(key: string, identity: string, onEvent: (name: string | null) => void): void {
    if (this.#watchers.has(key)) return
    try {
      using root = SafeFolder.open(this.#spool)
      using requests = root.child(REQUESTS)
      using queue = key === '' ? undefined : requests.child(key)
      const watcher = watch((queue ?? requests).path, (_event, name) => onEvent(name))
      watcher.on('error', () => this.#drop(key)) // the next scan watches it again
      this.#watchers.set(key, { identity, watcher })
    } catch {
      // The system has no watches left, or the folder is deleted or no folder: the scan serves it, or reports it.
    }
  }

  #drop(key: string): void {
    this.#watchers.get(key)?.watcher.close()
    this.#watchers.delete(key)
  }
}
