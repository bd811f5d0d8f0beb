// The feed: it sends every committed message once, in id order, to every door that has subscribed. A door subscribes with
// its first reader, so a message costs nothing at a door without readers.
//
// The order of ids is the order of commits (`backend.ts`). A gap between the last published id and a batch means that
// another hub has committed in between. The feed then reads the gap from the storage first.

import type { Link } from '../actors/runtime/link.js'
import { isTransient, type StorageBackend } from './backend.js'
import type { FeedMessage } from './commands.js'
import type { DoorContract, StorageContract } from './contract.js'

export type DoorLink = Link<DoorContract, StorageContract>

/** With more unseen messages than this, the feed sends `skipped` instead. */
const MAX_CATCH_UP = 2_000

export class Feed {
  readonly #backend: Pick<StorageBackend, 'messagesAfter' | 'latestId'>
  readonly #doors = new Set<DoorLink>()
  #publishedId: number

  constructor(backend: Pick<StorageBackend, 'messagesAfter' | 'latestId'>, latestId: number) {
    this.#backend = backend
    this.#publishedId = latestId
  }

  /** The last published id. A door that subscribes now gets later ids only. */
  get publishedId(): number {
    return this.#publishedId
  }

  get doors(): ReadonlySet<DoorLink> {
    return this.#doors
  }

  /** Adds a door, and sends it the messages after `afterId` that it missed. If they can't be read now, it has to read. */
  async subscribe(door: DoorLink, afterId: number): Promise<void> {
    if (afterId < this.#publishedId) {
      const missed = await this.#missed(afterId)
      const unseen = missed?.filter((message) => message.id <= this.#publishedId)
      if (!unseen) door.cast('skipped', { latestId: this.#publishedId })
      else if (unseen.length > 0) door.cast('published', unseen)
    }
    if (!door.closed) this.#doors.add(door) // it may have closed meanwhile
  }

  /** Removes a closed door. */
  remove(door: DoorLink): void {
    this.#doors.delete(door)
  }

  /** Publishes the messages of a batch, after those that another hub committed before it. */
  async publish(messages: readonly FeedMessage[]): Promise<void> {
    const first = messages[0]
    if (!first) return
    if (first.id === this.#publishedId + 1) this.#send(messages)
    else await this.catchUp()
  }

  /** Publishes all stored messages after the last published one. */
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

  async #missed(afterId: number): Promise<readonly FeedMessage[] | undefined> {
    try {
      return await this.#backend.messagesAfter(afterId, MAX_CATCH_UP)
    } catch (error) {
      if (isTransient(error)) return undefined
      throw error
    }
  }

  #send(messages: readonly FeedMessage[]): void {
    const last = messages.at(-1)
    if (!last) return
    this.#publishedId = last.id
    for (const door of this.#doors) door.cast('published', messages)
  }
}
