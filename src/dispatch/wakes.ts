// Looks whether an agent may be woken (PROTOCOL §18), now or as soon as it may. What may change that is a message that the
// agent may see, so it looks again after each. While it waits, the agent counts as one that is waiting.

import type { Answer } from '../protocol/envelope.js'
import type { Wake } from '../protocol/objects.js'
import type { StorageClient } from '../storage/client.js'
import { answerOfDone } from './answers.js'
import type { Listings } from './listings.js'
import type { Patience } from './patience.js'
import type { WakePlan } from './plans.js'
import type { DoorRequest } from './request.js'

export interface WakesOptions {
  readonly storage: Pick<StorageClient, 'query' | 'touch'>
  readonly patience: Patience
  readonly listings: Listings
}

export class Wakes {
  readonly #options: WakesOptions

  constructor(options: WakesOptions) {
    this.#options = options
  }

  /** Rejects as the storage does. */
  async answer({ query, timeoutMs }: WakePlan, request: DoorRequest): Promise<Answer> {
    const { storage, patience, listings } = this.#options
    const { agent_id: agentId } = query.input
    const deadline = performance.now() + timeoutMs
    storage.touch([agentId])
    for (;;) {
      const found = await patience.read(() => storage.query(query))
      const { wake, up_to_id: sinceId } = JSON.parse(found.result) as Wake
      const leftMs = deadline - performance.now()
      if (wake || leftMs <= 0 || listings.ended || request.abandonment.happened) return answerOfDone(found)
      const filter = { agentId, excludeSelf: true }
      const listing = { filter, sinceId, limit: 1, tail: false, timeoutMs: leftMs, touches: undefined }
      await listings.rows(listing, request)
    }
  }
}
