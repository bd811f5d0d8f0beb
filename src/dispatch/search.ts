// One search for the rows of a listing: at once, or with the next message. It ends once, with `found` or with `failed`.
//
//                        ┌─────────── woken by a match, or told to look again ───────────┐
//                        ▼                                                               │
//     look() ──▶ LOOKING through the recent messages                                     │
//                  │     ▲     │                                                         │
//   they don't     │     │     ├─ rows, or no time left ──────▶ found                    │
//   reach so far   │     │     │                                                         │
//   back, or it    │     │     └─ none, and time left ────────▶ PARKED ──────────────────┘
//   may not wait   │     │                                        │
//                  ▼     │ none, and time left                    └─ deadline, door closes, abandoned ──▶ found: none
//                ASKING the storage
//                  ├─ rows, or no time left ──▶ found
//                  └─ refused, or away ───────▶ failed
//
// One message wakes a thousand searches, and their agents poll again. Each round leaves garbage, and the last agents wait
// for its collection. So a search is one object that answers its request itself: a chain of async functions or promises
// would keep a frame or closures for each step.

import type { MessageFilter, Page, PageQuery } from '../storage/commands.js'
import type { Listing } from './plans.js'
import { idOf } from './recent.js'
import type { DoorRequest } from './request.js'
import type { Waiter, WakeReason } from './waiters.js'

/** Where a search looks, and where it is parked. */
export interface Searched {
  /** The highest id that the feed has sent. */
  readonly latestId: number
  /** The door closes, and parks no more searches. */
  readonly ended: boolean
  /** Matches among the recent messages; undefined if only the storage can tell. */
  recent(listing: Listing, sinceId: number): readonly string[] | undefined
  /** A page of stored messages. Rejects as the storage does. */
  page(query: PageQuery): Promise<Page>
  park(waiter: Waiter, timeoutMs: number): void
  /** Removes a parked waiter. False if it was woken before. */
  leave(waiter: Waiter): boolean
}

export abstract class Search implements Waiter {
  protected readonly listing: Listing
  protected readonly request: DoorRequest
  readonly #searched: Searched
  /** On the clock of `performance`, which no correction of the time moves. */
  readonly #deadline: number
  #sinceId: number
  #tail: boolean

  constructor(searched: Searched, listing: Listing, request: DoorRequest) {
    this.#searched = searched
    this.listing = listing
    this.request = request
    this.#deadline = performance.now() + listing.timeoutMs
    this.#sinceId = listing.sinceId
    this.#tail = listing.tail
  }

  protected abstract found(rows: Page): void
  protected abstract failed(error: unknown): void

  get filter(): MessageFilter {
    return this.listing.filter
  }

  look(): void {
    const recent = this.#tail ? undefined : this.#searched.recent(this.listing, this.#sinceId)
    if (recent) this.#seen(recent)
    else this.#ask()
  }

  /** Called in a loop with others. An error here is a defect and ends the actor. */
  wake(reason: WakeReason): void {
    this.request.abandonment.off(this.#abandoned)
    if (reason === 'deadline' || reason === 'ended') this.#end([])
    else this.look()
  }

  #ask(): void {
    const { filter, limit, beforeId } = this.listing
    const query = { ...filter, sinceId: this.#sinceId, beforeId, limit, tail: this.#tail }
    this.#searched.page(query).then(
      (page) => this.#read(page),
      (error) => this.failed(error),
    )
  }

  #read({ items, upToId, isCut }: Page): void {
    this.#sinceId = Math.max(this.#sinceId, upToId)
    this.#tail = false
    if (items.length === 0 && this.#deadline > performance.now()) this.look()
    else this.#end(items, isCut)
  }

  /** Ends with the matches among the recent messages. Without any it parks in the same turn of the event loop. */
  #seen(items: readonly string[]): void {
    const upToId = items.length < this.listing.limit ? this.#searched.latestId : idOf(items.at(-1) as string)
    this.#sinceId = Math.max(this.#sinceId, upToId)
    const leftMs = this.#deadline - performance.now()
    const { abandonment } = this.request
    if (items.length > 0 || leftMs <= 0 || this.#searched.ended || abandonment.happened) {
      this.#end(items)
      return
    }
    this.request.parked?.()
    this.#searched.park(this, leftMs)
    abandonment.on(this.#abandoned)
  }

  readonly #abandoned = () => {
    if (this.#searched.leave(this)) this.wake('ended')
  }

  #end(items: readonly string[], isCut = false): void {
    this.found({ items, upToId: this.#sinceId, isCut })
  }
}
