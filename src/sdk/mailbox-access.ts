// A client's access to its agent's mailbox: when it reads there instead of in the feed, and the readers of its polls.

import { ArcError } from '../protocol/errors.js'
import { type Batch, MAILBOX_FEATURE, MailboxReader, type ReaderOptions } from './mailbox-reader.js'
import {
  checkedNumber,
  type FeedOptions,
  type OfferedMessages,
  type OfferOptions,
  type PollOptions,
  type ReceivedMessage,
} from './options.js'
import type { Requester } from './requester.js'
import { isAbort } from './waiting.js'

/** The options that ask for another view than the mailbox's. */
type View = Pick<PollOptions & FeedOptions, 'channel' | 'threadId' | 'sinceId' | 'includeSelf' | 'signal'>

interface PollWish {
  readonly waitSec: number
  readonly limit: number | undefined
  readonly signal: AbortSignal | undefined
}

export class MailboxAccess {
  readonly #requester: Requester
  readonly #agentId: string
  readonly #isRegistered: () => boolean
  /** Unique among the readers of all clients; it is no secret. */
  readonly #name =
    `sdk-${process.pid.toString(36)}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`
  /** Readers that nobody uses now. A read that was aborted may leave an offer, which its reader gets again. */
  readonly #free: MailboxReader[] = []
  /** All readers: a close says what they have not said. */
  readonly #readers = new Set<MailboxReader>()
  #named = 0

  constructor(requester: Requester, agentId: string, isRegistered: () => boolean) {
    this.#requester = requester
    this.#agentId = agentId
    this.#isRegistered = isRegistered
  }

  /** Whether a poll or an iteration reads the mailbox. Rejects as a request does. */
  async serves(view: View, persist = false): Promise<boolean> {
    const { channel, threadId, sinceId, includeSelf, signal } = view
    const isPlain = channel === undefined && threadId === undefined && sinceId === undefined && !includeSelf
    if (!isPlain || !this.#isRegistered()) return false
    return this.#requester.announces(MAILBOX_FEATURE, { signal, retryForSec: persist ? Infinity : undefined })
  }

  /** A reader for one loop. Give it back at its end. */
  take(): MailboxReader {
    return this.#free.pop() ?? this.#reader()
  }

  /** `isAborted`: a read was, and the hub may have made an offer meanwhile. */
  giveBack(reader: MailboxReader, isAborted: boolean): void {
    const free = () => void this.#free.push(reader)
    if (isAborted) this.#requester.inBackground(reader.giveBack().finally(free))
    else free()
  }

  #reader(options?: ReaderOptions): MailboxReader {
    const name = `${this.#name}-${this.#named++}`
    const reader = new MailboxReader(this.#requester, this.#agentId, name, options)
    this.#readers.add(reader)
    return reader
  }

  async poll(wish: PollWish): Promise<ReceivedMessage[]> {
    await this.#requester.settled() // what is given back is offered again
    const reader = this.take()
    let isAborted = false
    try {
      const batch = await reader.read(wish)
      if (!batch) return []
      batch.takenSoon()
      return [...batch.messages]
    } catch (error) {
      isAborted = isAbort(error)
      throw error
    } finally {
      this.giveBack(reader, isAborted)
    }
  }

  /** What is next, which the caller says to be shown. */
  async offer({ timeout, limit, signal, ...options }: OfferOptions): Promise<OfferedMessages | undefined> {
    const waitSec = checkedNumber('timeout', timeout ?? 0)
    const reader = this.#reader(options)
    const read = () => reader.read({ waitSec, limit, signal })
    // One with something to say is kept for the close.
    const done = () => {
      if (reader.hasSaidAll) this.#readers.delete(reader)
    }
    await this.#requester.settled()
    let batch: Batch | undefined
    try {
      batch = await this.#requester.needing(MAILBOX_FEATURE, { signal, when: 'after' }, read)
    } catch (error) {
      if (isAbort(error)) this.#requester.inBackground(reader.giveBack())
      throw error
    } finally {
      if (!batch) done()
    }
    if (!batch) return undefined
    const { messages, addressed, left, taken } = batch
    return { messages, addressed, left, shown: once((upToId) => taken(upToId).finally(done)) }
  }

  /** Says what was taken and not said yet. Never rejects. */
  async close(timeoutSec: number): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.close(timeoutSec).catch(() => {})))
  }
}

/** What was not shown of an offer is offered again, so an offer has one answer, which may be repeated. */
function once(say: OfferedMessages['shown']): OfferedMessages['shown'] {
  let said: { readonly upToId: number | undefined } | undefined
  return async (upToId) => {
    if (said && said.upToId !== upToId) {
      const of = said.upToId === undefined ? 'all its messages' : `its messages up to ${said.upToId}`
      throw new ArcError(
        'offer_lapsed',
        `this offer was answered before, for ${of}: the others are offered again`,
      )
    }
    said = { upToId }
    await say(upToId)
  }
}
