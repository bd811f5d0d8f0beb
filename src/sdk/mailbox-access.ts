// A client's access to its agent's mailbox: when it reads there instead of in the feed, and the readers of its polls.

import { MAILBOX_FEATURE, MailboxReader, type ReaderOptions } from './mailbox-reader.js'
import {
  checkedNumber,
  type FeedOptions,
  type OfferedMessages,
  type OfferOptions,
  type PollOptions,
  type ReceivedMessage,
} from './options.js'
import type { Requester } from './requester.js'

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
  /** Readers that no poll uses now. A poll that was aborted leaves an offer, which its reader gets again. */
  readonly #free: MailboxReader[] = []
  readonly #readers: MailboxReader[] = []

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

  /** A new reader, for one loop at a time. */
  reader(options?: ReaderOptions): MailboxReader {
    const name = `${this.#name}-${this.#readers.length}`
    const reader = new MailboxReader(this.#requester, this.#agentId, name, options)
    this.#readers.push(reader)
    return reader
  }

  async poll(wish: PollWish): Promise<ReceivedMessage[]> {
    const reader = this.#free.pop() ?? this.reader()
    try {
      const batch = await reader.read(wish)
      if (!batch) return []
      batch.takenSoon()
      return [...batch.messages]
    } finally {
      this.#free.push(reader)
    }
  }

  /** What is next, which the caller says to be shown. */
  async offer({ timeout, limit, signal, ...options }: OfferOptions): Promise<OfferedMessages | undefined> {
    const waitSec = checkedNumber('timeout', timeout ?? 0)
    const read = () => this.reader(options).read({ waitSec, limit, signal })
    const batch = await this.#requester.needing(MAILBOX_FEATURE, { signal, when: 'after' }, read)
    return batch && { ...batch, shown: (upToId) => batch.taken(upToId) }
  }

  /** Says what was taken and not said yet. Never rejects. */
  async close(timeoutSec: number): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.close(timeoutSec).catch(() => {})))
  }
}
