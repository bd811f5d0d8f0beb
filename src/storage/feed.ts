// The feed: every committed message, once, in id order, to every door that has subscribed. Doors where nobody reads have
// not: a message that is only written costs nothing there.
//
// Ids are given out inside write transactions, which SQLite serializes over all processes, so id order is
// commit order. A hole between what was published and what a batch stored therefore means that another
// hub committed in between; the hole is read from the storage first.

import type { Link } from '../actors/runtime/link.js'
import type { StorageBackend } from './backend.js'
import type { FeedMessage } from './commands.js'
import type { DoorContract, StorageContract } from './contract.js'

export type DoorLink = Link<DoorContract, StorageContract>

/** Past this many unseen messages a door is told to read rather than sent them all. */
const MAX_CATCH_UP = 2_000

export class Feed {
  readonly #backend: Pick<StorageBackend, 'messagesAfter' | 'latestId'>
  readonly #doors = new Set<DoorLink>()
  #publishedId: number

  constructor(backend: Pick<StorageBackend, 'messagesAfter' | 'latestId'>, latestId: number) {
    this.#backend = backend
    this.#publishedId = latestId
  }

  /** The id up to which the feed has been published: what a door that subscribes now will not be sent. */
  get publishedId(): number {
    return this.#publishedId
  }

  get doors(): ReadonlySet<DoorLink> {
    return this.#doors
  }

  /** Adds a door; sends what it missed since `afterId`. */
  async subscribe(door: DoorLink, afterId: number): Promise<void> {
    if (afterId < this.#publishedId) {
      const missed = await this.#backend.messagesAfter(afterId, MAX_CATCH_UP)
      const unseen = missed?.filter((message) => message.id <= this.#publishedId)
      if (!unseen) door.cast('skipped', { latestId: this.#publishedId })
      else if (unseen.length > 0) door.cast('published', unseen)
    }
    if (!door.closed) this.#doors.add(door) // it may have gone while it waited for its turn
  }

  /** The door has gone. */
  remove(door: DoorLink): void {
    this.#doors.delete(door)
  }

  /** Publishes what a batch has committed, after whatever another hub committed before it. */
  async publish(messages: readonly FeedMessage[]): Promise<void> {
    const first = messages[0]
    if (!first) return
    if (first.id === this.#publishedId + 1) this.#send(messages)
    else await this.catchUp()
  }

  /** Publishes everything stored that was not published yet. */
  async catchUp(): Promise<void> {
    if (this.#doors.size === 0) {
      this.#publishedId = await this.#backend.latestId()
      return
    }
    const unseen = await this.#backend.messagesAfter(this.#publishedId, MAX_CATCH_UP)
    if (unseen) return this.#send(unseen)
    this.#publishedId = await this.#backend.latestId()
    for (const door of this.#doors) door.cast('skipped', { latestId: this.#publishedId })
  }

  #send(messages: readonly FeedMessage[]): void {
    const last = messages.at(-1)
    if (!last) return
    this.#publishedId = last.id
    for (const door of this.#doors) door.cast('published', messages)
  }
}
