// Reads an agent's mailbox (PROTOCOL §18). What the hub offers goes to the program as a batch. The hub hears `shown` only
// when the program has taken the batch. Until then the offer is renewed, so that a program may take its time.
//
//   read ──▶ offer ──▶ batch ──taken──▶ shown ──▶ (read)
//                        └── the program dies: the offer lapses, and the hub offers its messages again
//
// A `shown` that does not reach the hub is said again before the next offer. So a program sees a message twice only if the
// hub was away for longer than the lease; of these the reader leaves out those that it has handed over before.

import { ArcError } from '../protocol/errors.js'
import type { Message, Offer, OfferedMessage } from '../protocol/objects.js'
import type { ReadOptions } from './feed-reader.js'
import { AGAIN, patienceOf, waitFor } from './long-poll.js'
import type { ReceivedMessage } from './options.js'
import { pathPart } from './request-text.js'
import { type Call, type Requester, withQuery } from './requester.js'

export const MAILBOX_FEATURE = 'arc:mailbox'
/** Seconds of an offer's lease by default, renewed every third of it. */
const LEASE_SEC = 30
const GIVE_BACK_SEC = 2
/** Messages are not cut for a program, unless one alone is larger. */
const MAX_CHARS = 16_000_000
const LIMIT = 100
/** Ids of messages that were handed over and are offered again. */
const MOST_REMEMBERED = 10_000

export interface Batch {
  /** In id order. */
  readonly messages: readonly ReceivedMessage[]
  /** The ids of those that are addressed to the agent. The others are ambient. */
  readonly addressed: ReadonlySet<number>
  /** How many more there are to read. */
  readonly left: Offer['left']
  /** Says that the program has taken the messages, or those up to an id. Rejects if the hub does not hear it. */
  taken(upToId?: number): Promise<void>
  /** The same in a moment. If the hub does not hear it, the reader says it again before its next offer. */
  takenSoon(): void
  /** The program is at this message. A close takes the messages up to it. */
  at(id: number): void
}

/** How long a request is tried. */
type Patience = Pick<Call, 'signal' | 'timeoutSec' | 'retryForSec'>

export interface ReaderOptions {
  /** How the messages are shown, as receipts will say. Default: `sdk`. */
  readonly via?: string | undefined
  /** Default 30. */
  readonly leaseSec?: number | undefined
}

interface OpenOffer {
  readonly offerId: string
  readonly messages: readonly ReceivedMessage[]
  /** Undefined: all. */
  upToId: number | undefined
}

export class MailboxReader {
  readonly #requester: Requester
  readonly #path: string
  readonly #reader: string
  readonly #via: string
  readonly #leaseSec: number
  #renewal: NodeJS.Timeout | undefined
  /** An offer that the program goes through. */
  #open: OpenOffer | undefined
  /** An offer that the program has taken, and of which the hub has not heard yet. */
  #unsaid: OpenOffer | undefined
  readonly #handedOver = new Set<number>()

  /** Two readers of one agent at a time need two names. */
  constructor(requester: Requester, agentId: string, reader: string, options: ReaderOptions = {}) {
    this.#requester = requester
    this.#path = `/v1/mailboxes/${pathPart(agentId, 'agentId')}`
    this.#reader = reader
    this.#via = options.via ?? 'sdk'
    this.#leaseSec = options.leaseSec ?? LEASE_SEC
  }

  /** What is to be shown next. It waits for it, and resolves with undefined after `waitSec`. */
  async read(options: ReadOptions): Promise<Batch | undefined> {
    const { signal, persist } = options
    const patience = { signal, retryForSec: persist ? Infinity : undefined }
    return waitFor(this.#requester, options, async (waitSec) => {
      await this.#say(patience)
      return this.#ask(waitSec, options, patience)
    })
  }

  /** The hub has heard of all that the program has taken. */
  get hasSaidAll(): boolean {
    return this.#unsaid === undefined
  }

  /** Says `shown` for what was taken, if the hub has not heard it yet. What the program is at counts as taken. */
  async close(timeoutSec: number): Promise<void> {
    clearInterval(this.#renewal)
    this.#unsaid ??= this.#open
    await this.#say({ timeoutSec, retryForSec: 0 })
  }

  /** Gives back what the hub may have offered as a read was aborted. It tries once: else the offer lapses. */
  async giveBack(): Promise<void> {
    const once = { timeoutSec: GIVE_BACK_SEC, retryForSec: 0 }
    await this.#say(once)
    const { result } = await this.#requester.post<Offer>(`${this.#path}/offer`, this.#leastWish, once)
    if (result.offer_id === null) return
    const body = { offer_id: result.offer_id, via: this.#via, up_to_id: 0 }
    await this.#requester.post(`${this.#path}/shown`, body, once)
  }

  /** The reader of a live offer that asks again gets it again, with its lease renewed. */
  get #leastWish(): object {
    return { reader: this.#reader, limit: 1, max_chars: 200, lease_sec: this.#leaseSec }
  }

  async #ask(
    waitSec: number,
    options: ReadOptions,
    patience: Patience,
  ): Promise<Batch | typeof AGAIN | undefined> {
    const { signal, limit = LIMIT } = options
    const { result } = await this.#requester.post<Offer>(
      withQuery(`${this.#path}/offer`, { timeout: waitSec > 0 ? waitSec : undefined }),
      { reader: this.#reader, limit, max_chars: MAX_CHARS, lease_sec: this.#leaseSec },
      { signal, ...patienceOf(waitSec, options, this.#requester) },
    )
    const { offer_id: offerId } = result
    if (offerId === null) return undefined
    const messages: ReceivedMessage[] = []
    for (const message of [...result.messages, ...result.ambient].sort((a, b) => a.id - b.id)) {
      if (!this.#handedOver.has(message.id)) messages.push(await this.#whole(message, patience))
    }
    const offer: OpenOffer = { offerId, messages, upToId: undefined }
    if (messages.length === 0) {
      this.#unsaid = offer // handed over before
      return AGAIN
    }
    this.#renew()
    return {
      messages,
      addressed: new Set(result.messages.map(({ id }) => id)),
      left: result.left,
      taken: (upToId) => {
        this.#take(offer, upToId)
        return this.#say({})
      },
      takenSoon: () => {
        this.#take(offer, undefined)
        setImmediate(() => void this.#say({}).catch(() => {}))
      },
      at: (id) => {
        offer.upToId = id
        this.#open = offer
      },
    }
  }

  async #whole(given: OfferedMessage, patience: Patience): Promise<ReceivedMessage> {
    const { offers, cut, ...message } = given
    const whole = cut
      ? (await this.#requester.get<Message>(`/v1/messages/${given.id}`, patience)).result
      : message
    return offers > 1 ? { ...whole, offers } : whole
  }

  #take(offer: OpenOffer, upToId: number | undefined): void {
    clearInterval(this.#renewal)
    offer.upToId = upToId
    this.#open = undefined
    this.#unsaid = offer
  }

  async #say(patience: Patience): Promise<void> {
    const offer = this.#unsaid
    if (!offer) return
    try {
      const body = { offer_id: offer.offerId, via: this.#via, up_to_id: offer.upToId }
      await this.#requester.post(`${this.#path}/shown`, body, patience)
    } catch (error) {
      const isLost = error instanceof ArcError && (error.code === 'offer_lapsed' || error.status === 404)
      if (!isLost) throw error
      this.#remember(offer)
    }
    if (this.#unsaid === offer) this.#unsaid = undefined
  }

  #remember({ messages, upToId = Number.MAX_SAFE_INTEGER }: OpenOffer): void {
    for (const { id } of messages) if (id <= upToId) this.#handedOver.add(id)
    for (const id of this.#handedOver) {
      if (this.#handedOver.size <= MOST_REMEMBERED) break
      this.#handedOver.delete(id)
    }
  }

  #renew(): void {
    clearInterval(this.#renewal)
    const ask = () =>
      void this.#requester.post(`${this.#path}/offer`, this.#leastWish, { retryForSec: 0 }).catch(() => {})
    this.#renewal = setInterval(ask, (this.#leaseSec * 1_000) / 3).unref()
  }
}
