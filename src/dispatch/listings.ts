// Listings of messages at this door, at once or with the next message (`search.ts`). It owns this door's side of the feed:
// the recent messages, the parked searches, and the subscription. The subscription begins with the first reader, and ends
// with the door.

import type { Answer } from '../protocol/envelope.js'
import type { StorageClient } from '../storage/client.js'
import type { FeedMessage, Page, PageQuery } from '../storage/commands.js'
import { ListAnswers } from './answers.js'
import type { Patience } from './patience.js'
import type { Listing } from './plans.js'
import { RecentMessages } from './recent.js'
import type { DoorRequest } from './request.js'
import { Search, type Searched } from './search.js'
import { type Waiter, Waiters } from './waiters.js'

export interface ListingsOptions {
  readonly storage: Pick<StorageClient, 'page' | 'touch' | 'subscribe'>
  readonly patience: Patience
  readonly refusal: (error: unknown, request: DoorRequest) => Answer
  /** Called whenever a search is parked. */
  readonly onParked: () => void
}

export class Listings implements Searched {
  readonly #options: ListingsOptions
  readonly #waiters = new Waiters()
  readonly #answers = new ListAnswers()
  readonly #knownChannels = new Set<string>()
  /** Undefined until the storage is first connected. */
  #recent: RecentMessages | undefined
  #isSubscribed = false
  #ended = false

  constructor(options: ListingsOptions) {
    this.#options = options
  }

  /** The highest id that the feed has sent. */
  get latestId(): number {
    return this.#recent?.latestId ?? 0
  }

  /** The id after which the feed continues when the storage is back; null before this door's first reader. */
  get cursor(): number | null {
    return this.#isSubscribed ? this.latestId : null
  }

  get parked(): number {
    return this.#waiters.size
  }

  /** The agents of the parked searches. */
  agents(): string[] {
    return this.#waiters.agents()
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Called when the storage is connected. Later messages have an id above `latestId`, or above the last one of the feed. */
  connected(latestId: number): void {
    this.#recent ??= new RecentMessages(latestId)
  }

  published(messages: readonly FeedMessage[]): void {
    this.#recent?.append(messages)
    this.#waiters.published(messages)
  }

  /** Called when messages up to `latestId` were committed that the feed does not send. */
  skipped(latestId: number): void {
    this.#recent?.skipTo(latestId)
    this.#waiters.wakeAll('again')
  }

  /** Answers all parked requests, and parks no more. */
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
   * The rows of a listing. It resolves with none at the deadline, when the request is abandoned, or when the door closes.
   * It rejects as the storage does: 404 for an unknown channel, `unavailable` if the storage stays away.
   */
  rows(listing: Listing, request: DoorRequest): Promise<Page> {
    return new Promise((resolve, reject) =>
      new PromisedSearch(this, listing, request, resolve, reject).look(),
    )
  }

  /** The answer to a listing with these messages. */
  answerTo({ touches, timeoutMs }: Listing, page: Page): Answer {
    if (touches !== undefined && timeoutMs > 0) this.#options.storage.touch([touches])
    return this.#answers.of(page)
  }

  refusal(error: unknown, request: DoorRequest): Answer {
    return this.#options.refusal(error, request)
  }

  recent({ filter, limit, timeoutMs }: Listing, sinceId: number): string[] | undefined {
    // Another hub may have committed messages that the feed has not sent yet. A request that does not wait needs them now.
    if (timeoutMs === 0) return undefined
    // Only the storage knows whether a channel exists.
    if (filter.channels && !filter.channels.every((channel) => this.#knownChannels.has(channel)))
      return undefined
    if (!this.#recent) return undefined
    this.#subscribe(this.#recent.latestId)
    return this.#recent.after(sinceId, filter, limit)
  }

  /**
   * Subscribes at the door's first reader. Until the feed has caught up, parked searches wait as if the messages were not
   * posted yet.
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
