// The live feeds of agents (PROTOCOL §4): the stored messages after an id, then each committed one, without gap or repeat.
// A stream repeats a listing, and its reader pulls it batch by batch. It ends when its request is abandoned, when the door
// closes, or when the storage stays away.

import type { Answer } from '../protocol/envelope.js'
import type { StorageClient } from '../storage/client.js'
import type { MessageFilter, Page } from '../storage/commands.js'
import type { Changes } from './changes.js'
import type { Listings } from './listings.js'
import type { StreamPlan } from './plans.js'
import type { DoorRequest } from './request.js'

/** An agent's feed. */
export interface Stream {
  /** Messages as JSON texts. An empty batch is a heartbeat: no message came for 15 s. */
  readonly batches: Batches
  /** Hints at changes, for a reader that asked for them. */
  readonly changes: Changes | undefined
}

export interface StreamsOptions {
  readonly storage: Pick<StorageClient, 'touch'>
  readonly listings: Listings
  readonly changes: Changes
  readonly refusal: (error: unknown, request: DoorRequest) => Answer
  /** Called whenever a stream opens. */
  readonly onOpened: () => void
}

type Batches = AsyncGenerator<readonly string[], void>

/** Messages in one batch: as many stay in memory if a reader stops reading. */
const BATCH = 64
/** A stream's heartbeat (PROTOCOL §4). */
const BEAT_MS = 15_000

export class Streams {
  readonly #options: StreamsOptions
  /** The requests of open streams, with their agents. */
  readonly #open = new Map<DoorRequest, string | undefined>()

  constructor(options: StreamsOptions) {
    this.#options = options
  }

  /** The number of open streams. */
  get size(): number {
    return this.#open.size
  }

  /** The agents of open streams, slow readers included. */
  agents(): string[] {
    return [...this.#open.values()].filter((agentId) => agentId !== undefined)
  }

  /** Opens a stream after `afterId`. Rejects as the storage does: 404 for an unknown channel, `unavailable` if it stays away. */
  async open({ filter, changes }: StreamPlan, afterId: number, request: DoorRequest): Promise<Stream> {
    // The first look does not wait, and refuses an unknown channel.
    const first = await this.#look(filter, afterId, 0, request)
    return {
      batches: this.#batches(filter, first, request),
      changes: changes ? this.#options.changes : undefined,
    }
  }

  async *#batches(filter: MessageFilter, first: Page, request: DoorRequest): Batches {
    const { storage, listings, refusal, onOpened } = this.#options
    let rows = first
    this.#open.set(request, filter.agentId)
    onOpened()
    try {
      if (first.items.length > 0) yield first.items
      while (!listings.ended && !request.abandonment.happened) {
        if (filter.agentId !== undefined) storage.touch([filter.agentId])
        rows = await this.#look(filter, rows.upToId, BEAT_MS, request)
        yield rows.items
      }
    } catch (error) {
      refusal(error, request)
    } finally {
      this.#open.delete(request)
    }
  }

  #look(filter: MessageFilter, sinceId: number, timeoutMs: number, request: DoorRequest): Promise<Page> {
    const listing = { filter, sinceId, limit: BATCH, tail: false, timeoutMs, touches: undefined }
    return this.#options.listings.rows(listing, request)
  }
}
