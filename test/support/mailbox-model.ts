// A model of mailboxes and receipts (PROTOCOL §18), as plain lists that are searched from end to end. Tests compare a
// storage with it. Its ambient messages and offers are computed from all messages each time.

import type { Offer, Receipt } from '../../src/protocol/objects.js'

export interface ModelMessage {
  readonly id: number
  readonly from: string
  readonly to: string | undefined
  readonly mentions: readonly string[]
  readonly replyTo: number | undefined
}

interface Entry {
  readonly message: ModelMessage
  readonly agent: string
  offers: number
  isShown: boolean
  isAcknowledged: boolean
}

interface ModelOffer {
  readonly id: string
  readonly agent: string
  readonly reader: string
  lapsesAtMs: number
  readonly addressed: readonly number[]
  readonly ambient: readonly number[]
  readonly ambientTo: number
  shown: number | undefined
}

export interface OfferWish {
  readonly agent: string
  readonly reader: string
  readonly limit: number
  readonly leaseSec: number
  readonly ambient: boolean
}

export class MailboxModel {
  readonly #messages: ModelMessage[] = []
  readonly #entries: Entry[] = []
  readonly #offers: ModelOffer[] = []
  /** The id after which ambient messages count, for each agent that has had a session. */
  readonly #cursors = new Map<string, number>()

  begin(agent: string): void {
    if (!this.#cursors.has(agent)) this.#cursors.set(agent, this.#messages.at(-1)?.id ?? 0)
  }

  post(message: ModelMessage): void {
    this.#messages.push(message)
    const answered = this.#messages.find(({ id }) => id === message.replyTo)
    const called = [...message.mentions, ...(answered ? [answered.from] : [])]
    const addressees = new Set(message.to === undefined ? called : [message.to])
    addressees.delete(message.from)
    for (const agent of addressees) {
      this.#entries.push({ message, agent, offers: 0, isShown: false, isAcknowledged: false })
    }
    if (answered) this.acknowledge(answered.id, message.from)
  }

  acknowledge(id: number, agent: string): boolean {
    const entry = this.#entries.find((entry) => entry.message.id === id && entry.agent === agent)
    if (entry) entry.isAcknowledged = true
    return entry !== undefined
  }

  /** Checks an offer against what it should hold, and takes it over. Returns what is wrong. */
  offered(wish: OfferWish, offer: Offer, nowMs: number): string | undefined {
    const expected = this.#expected(wish, nowMs)
    const ids = { messages: offer.messages.map(({ id }) => id), ambient: offer.ambient.map(({ id }) => id) }
    const wanted = JSON.stringify(expected.ids)
    if (JSON.stringify(ids) !== wanted) return `offered ${JSON.stringify(ids)} instead of ${wanted}`
    if (expected.again) {
      expected.again.lapsesAtMs = nowMs + wish.leaseSec * 1_000
      return expected.again.id === offer.offer_id ? undefined : 'a live offer got another id'
    }
    if (ids.messages.length + ids.ambient.length === 0) {
      return offer.offer_id === null ? undefined : 'an empty offer has an id'
    }
    for (const { id, offers } of offer.messages) {
      const entry = this.#entries.find(
        ({ message, agent }) => message.id === id && agent === wish.agent,
      ) as Entry
      entry.offers++
      if (entry.offers !== offers) return `message ${id} says ${offers} offers instead of ${entry.offers}`
    }
    this.#offers.push({
      id: offer.offer_id as string,
      agent: wish.agent,
      reader: wish.reader,
      lapsesAtMs: nowMs + wish.leaseSec * 1_000,
      addressed: ids.messages,
      ambient: ids.ambient,
      ambientTo: ids.ambient.at(-1) ?? 0,
      shown: undefined,
    })
    return undefined
  }

  /** The answer to `shown`: a number of messages, or the code of a refusal. */
  shown(offerId: string, upToId: number, nowMs: number): number | string {
    const offer = this.#offers.find(({ id }) => id === offerId)
    if (!offer) return 'not_found'
    if (offer.shown !== undefined) return offer.shown
    if (offer.lapsesAtMs < nowMs) return 'offer_lapsed'
    const addressed = offer.addressed.filter((id) => id <= upToId)
    const ambient = offer.ambient.filter((id) => id <= upToId)
    for (const entry of this.#entriesOf(offer.agent)) {
      if (addressed.includes(entry.message.id)) entry.isShown = true
    }
    const cursor = this.#cursors.get(offer.agent)
    if (cursor !== undefined) this.#cursors.set(offer.agent, Math.max(cursor, ambient.at(-1) ?? 0))
    offer.shown = addressed.length + ambient.length
    return offer.shown
  }

  unread(agent: string): number {
    return this.#entriesOf(agent).filter(isUnread).length
  }

  /** States by message and agent, as a text. */
  states(rows?: readonly Receipt[]): string {
    const stateOf = ({ isAcknowledged, isShown, offers }: Entry) =>
      isAcknowledged ? 'acknowledged' : isShown ? 'shown' : offers > 0 ? 'offered' : 'queued'
    const own = this.#entries.map((entry) => [entry.message.id, entry.agent, stateOf(entry), entry.offers])
    const given = rows?.map((row) => [row.message_id, row.agent_id, row.state, row.offers])
    return (given ?? own)
      .map((row) => row.join(' '))
      .sort()
      .join('\n')
  }

  undelivered(): string {
    return this.#entries
      .filter(isUnread)
      .map(({ message, agent }) => `${message.id} ${agent}`)
      .sort()
      .join('\n')
  }

  #entriesOf(agent: string): Entry[] {
    return this.#entries.filter((entry) => entry.agent === agent)
  }

  #live(agent: string, nowMs: number): ModelOffer[] {
    return this.#offers.filter(
      (offer) => offer.agent === agent && offer.shown === undefined && offer.lapsesAtMs >= nowMs,
    )
  }

  #expected({ agent, reader, limit, ambient }: OfferWish, nowMs: number) {
    const live = this.#live(agent, nowMs)
    const again = live.find((offer) => offer.reader === reader)
    if (again) {
      const unread = this.#entriesOf(agent).filter(isUnread)
      const addressed = again.addressed.filter((id) => unread.some(({ message }) => message.id === id))
      return { again, ids: { messages: addressed, ambient: again.ambient } }
    }
    const taken = new Set(live.flatMap((offer) => offer.addressed))
    const messages = this.#entriesOf(agent)
      .filter((entry) => isUnread(entry) && !taken.has(entry.message.id))
      .map(({ message }) => message.id)
      .slice(0, limit)
    const isAmbientTaken = live.some((offer) => offer.ambient.length > 0)
    const left = ambient && !isAmbientTaken ? limit - messages.length : 0
    return { ids: { messages, ambient: this.#ambient(agent).slice(0, left) } }
  }

  #ambient(agent: string): number[] {
    const cursor = this.#cursors.get(agent)
    if (cursor === undefined) return []
    const addressed = new Set(this.#entriesOf(agent).map(({ message }) => message.id))
    return this.#messages
      .filter(({ id, from, to }) => id > cursor && from !== agent && to === undefined && !addressed.has(id))
      .map(({ id }) => id)
  }
}

function isUnread({ isShown, isAcknowledged }: Entry): boolean {
  return !isShown && !isAcknowledged
}
