// Offers of a mailbox (PROTOCOL §18), at once or with the next message that is for the agent.
//
//     look ──▶ worthwhile? ──yes──▶ offer ──something──▶ answer
//      ▲           │no                │nothing: another reader was faster
//      │           ▼                  ▼
//      └── wait for a message that the agent may see, or until another reader's offer lapses ──deadline──▶ answer: nothing
//
// A look is a read. So a reader that finds nothing costs no transaction.

import { type Answer, successText } from '../protocol/envelope.js'
import type { StorageClient } from '../storage/client.js'
import type { Prospect, Submission } from '../storage/commands.js'
import { type Done, isRefused, NO_OFFER, type Outcome } from '../storage/outcome.js'
import { answerOf } from './answers.js'
import type { Listings } from './listings.js'
import type { Patience } from './patience.js'
import { keyOf } from './pending-command.js'
import type { OfferPlan } from './plans.js'
import type { DoorRequest } from './request.js'

const NOTHING: Answer = successText(200, NO_OFFER)

export interface OffersOptions {
  readonly storage: Pick<StorageClient, 'submit' | 'query' | 'touch'>
  readonly patience: Patience
  readonly listings: Listings
}

export class Offers {
  readonly #options: OffersOptions

  constructor(options: OffersOptions) {
    this.#options = options
  }

  /** Rejects as the storage does, and with an ArcError 400 for a malformed idempotency key. */
  async answer({ input, timeoutMs }: OfferPlan, request: DoorRequest): Promise<Answer> {
    const { storage, patience, listings } = this.#options
    const { agent_id: agentId, reader, ambient } = input
    const deadline = performance.now() + timeoutMs
    const command = { op: 'mailbox.offer', input } as const
    const submission = { command, touches: agentId, idempotency: keyOf(request) }
    // Only the storage knows whether a request with a key was answered before.
    let isWorthwhile = submission.idempotency !== undefined
    if (!isWorthwhile) storage.touch([agentId])
    for (;;) {
      if (request.abandonment.happened) return NOTHING // nobody would get the offer
      if (isWorthwhile) {
        const outcome = await patience.read(() => this.#submit(submission))
        if (!isNothing(outcome)) return answerOf(outcome)
      }
      const query = { op: 'mailbox.look', input: { agent_id: agentId, reader, ambient } } as const
      const look = prospectOf(await patience.read(() => storage.query(query)))
      const leftMs = deadline - performance.now()
      const mayWait = leftMs > 0 && !listings.ended && !request.abandonment.happened
      if (!mayWait && (isWorthwhile || !look.isWorthwhile)) return NOTHING
      isWorthwhile = look.isWorthwhile
      if (!isWorthwhile) await this.#wait(agentId, look, leftMs, request)
    }
  }

  /** Waits for a message that the agent may see, for another reader's offer to lapse, or for `leftMs`. */
  async #wait(
    agentId: string,
    { upToId, lapsesInMs }: Prospect,
    leftMs: number,
    request: DoorRequest,
  ): Promise<void> {
    const { listings } = this.#options
    const listing = {
      filter: { agentId, excludeSelf: true },
      sinceId: upToId,
      limit: 1,
      tail: false,
      timeoutMs: Math.min(leftMs, lapsesInMs ?? leftMs),
      touches: undefined,
    }
    await listings.rows(listing, request)
  }

  #submit(submission: Submission): Promise<Outcome> {
    return new Promise((replied, failed) => this.#options.storage.submit(submission, { replied, failed }))
  }
}

function isNothing(outcome: Outcome): boolean {
  return typeof outcome === 'object' && !isRefused(outcome) && outcome.isPassing === true
}

function prospectOf({ result }: Done): Prospect {
  return JSON.parse(result) as Prospect
}
