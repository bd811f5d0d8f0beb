// The live feeds of agents (PROTOCOL §4): what is stored after an id, then what is committed, without gap or repeat. A stream
// is a listing that is repeated for its reader, who pulls it batch by batch. It ends when its request is abandoned, when the
// door closes, or when the storage stays away.

import type { Answer } from '../protocol/envelope.js'
import type { StorageClient } from '../storage/client.js'
import type { MessageFilter, Page } from '../storage/commands.js'
import type { Changes } from './changes.js'
import type { Listings } from './listings.js'
import type { DoorRequest } from './request.js'
import type { StreamPlan } from './routes.js'

/** An agent's feed. */
export interface Stream {
  /** Messages as JSON texts; an empty batch says that none came for 15 s. */
  readonly batches: Batches
  /** Set for a reader that asked for it. */
  readonly changes: Changes | undefined
}

export interface StreamsOptions {
  readonly storage: Pick<StorageClient, 'touch'>
  readonly listings: Listings
  readonly changes: Changes
  readonly refusal: (error: unknown, request: DoorRequest) => Answer
  /** Told whenever one is opened. */
  readonly onOpened: () => void
}

type Batches = AsyncGenerator<readonly string[], void>

/** Rows that a stream is handed at once: what a reader that stops reading may hold back. */
const BATCH = 64
/** A stream's heartbeat (PROTOCOL §4). */
const BEAT_MS = 15_000

export class Streams {
  readonly #options: StreamsOptions
  /** The open ones, with their agents. */
  readonly #open = new Map<DoorRequest, string | undefined>()

  constructor(options: StreamsOptions) {
    this.#options = options
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size
  }

  /** Agents who read one. Also one who takes its time: its stream waits for it, and it for the stream. */
  agents(): string[] {
    return [...this.#open.values()].filter((agentId) => agentId !== undefined)
  }

  /** Opens a stream after `afterId`. Rejects as the storage does: 404 for a channel that does not exist, and when it stays away. */
  async open({ filter, changes }: StreamPlan, afterId: number, request: DoorRequest): Promise<Stream> {
    // A look that does not wait also finds out whether the channels exist.
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
