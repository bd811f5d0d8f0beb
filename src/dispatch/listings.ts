// Listings of messages at this door, at once or as soon as there is something to list (`search.ts`). Owns this door's share of
// the feed: the recent messages, those who are parked until one comes that they ask for, and the subscription, which
// begins with the first reader and lasts as long as the door.

import type { Answer } from '../protocol/envelope.js'
import type { StorageClient } from '../storage/client.js'
import type { FeedMessage, Page, PageQuery } from '../storage/commands.js'
import { ListAnswers } from './answers.js'
import type { Patience } from './patience.js'
import { RecentMessages } from './recent.js'
import type { DoorRequest } from './request.js'
import type { Listing } from './routes.js'
import { Search, type Searched } from './search.js'
import { type Waiter, Waiters } from './waiters.js'

export interface ListingsOptions {
  readonly storage: Pick<StorageClient, 'page' | 'touch' | 'subscribe'>
  readonly patience: Patience
  readonly refusal: (error: unknown, request: DoorRequest) => Answer
  /** Told whenever somebody is parked. */
  readonly onParked: () => void
}

export class Listings implements Searched {
  readonly #options: ListingsOptions
  readonly #waiters = new Waiters()
  readonly #answers = new ListAnswers()
  readonly #knownChannels = new Set<string>()
  /** Absent until the storage was there for the first time. */
  #recent: RecentMessages | undefined
  #isSubscribed = false
  #ended = false

  constructor(options: ListingsOptions) {
    this.#options = options
  }

  /** The highest id that has come by. */
  get latestId(): number {
    return this.#recent?.latestId ?? 0
  }

  /** The id after which the feed goes on when the storage is back; null while nobody has read at this door yet. */
  get cursor(): number | null {
    return this.#isSubscribed ? this.latestId : null
  }

  get parked(): number {
    return this.#waiters.size
  }

  /** Agents who are parked. */
  agents(): string[] {
    return this.#waiters.agents()
  }

  get ended(): boolean {
    return this.#ended
  }

  /** The storage is there; what follows has an id above `latestId`, or above the last one that has come by. */
  connected(latestId: number): void {
    this.#recent ??= new RecentMessages(latestId)
  }

  published(messages: readonly FeedMessage[]): void {
    this.#recent?.append(messages)
    this.#waiters.published(messages)
  }

  /** Messages up to `latestId` were committed that did not come by. */
  skipped(latestId: number): void {
    this.#recent?.skipTo(latestId)
    this.#waiters.wakeAll('again')
  }

  /** Answers everyone who is parked with what there is, and from now on parks nobody. */
  end(): void {
    this.#ended = true
    this.#waiters.wakeAll('ended')
  }

  /** Answers a request for a listing. */
  answer(listing: Listing, request: DoorRequest): void {
    if (listing.touches !== undefined) this.#options.storage.touch([listing.touches])
    new AnsweringSearch(this, listing, request).look()
  }

  /**
   * The rows of a listing; empty at the deadline, when the request is abandoned, or when the door closes. Rejects as the
   * storage does: 404 for a channel that does not exist, and when it stays away.
   */
  rows(listing: Listing, request: DoorRequest): Promise<Page> {
    return new Promise((resolve, reject) =>
      new PromisedSearch(this, listing, request, resolve, reject).look(),
    )
  }

  /** The answer to a listing for which these messages were found. */
  answerTo({ touches, timeoutMs }: Listing, page: Page): Answer {
    if (touches !== undefined && timeoutMs > 0) this.#options.storage.touch([touches])
    return this.#answers.of(page)
  }

  refusal(error: unknown, request: DoorRequest): Answer {
    return this.#options.refusal(error, request)
  }

  recent({ filter, limit, timeoutMs }: Listing, sinceId: number): string[] | undefined {
    // Another hub may have committed what has not come by yet; who does not wait for it must be told now.
    if (timeoutMs === 0) return undefined
    // Nobody is to wait in a channel that does not exist.
    if (filter.channels && !filter.channels.every((channel) => this.#knownChannels.has(channel)))
      return undefined
    if (!this.#recent) return undefined
    this.#subscribe(this.#recent.latestId)
    return this.#recent.after(sinceId, filter, limit)
  }

  /**
   * The door has a reader: it is told of messages from now on. Until it has caught up, those who wait are in
   * the same position as if what they wait for had not been posted yet.
   */
  #subscribe(afterId: number): void {
    if (this.#isSubscribed) return
    this.#isSubscribed = true
    this.#options.storage.subscribe(afterId)
  }

  async page(query: PageQuery): Promise<Page> {
    const { storage, patience } = this.#options
    const page = await patience.read(() => storage.page(query))
    for (const channel of query.channels ?? []) this.#knownChannels.add(channel)
    return page
  }

  park(waiter: Waiter, timeoutMs: number): void {
    this.#waiters.park(waiter, timeoutMs)
    this.#options.onParked()
  }

  leave(waiter: Waiter): boolean {
    return this.#waiters.remove(waiter)
  }
}

/** A search that answers its request. */
class AnsweringSearch extends Search {
  readonly #listings: Listings

  constructor(listings: Listings, listing: Listing, request: DoorRequest) {
    super(listings, listing, request)
    this.#listings = listings
  }

  protected found(page: Page): void {
    this.request.answer(this.#listings.answerTo(this.listing, page))
  }

  protected failed(error: unknown): void {
    this.request.answer(this.#listings.refusal(error, this.request))
  }
}

/** A search whose rows are handed to a stream. */
class PromisedSearch extends Search {
  protected readonly found: (rows: Page) => void
  protected readonly failed: (error: unknown) => void

  constructor(
    listings: Listings,
    listing: Listing,
    request: DoorRequest,
    found: (rows: Page) => void,
    failed: (error: unknown) => void,
  ) {
    super(listings, listing, request)
    this.found = found
    this.failed = failed
  }
}
