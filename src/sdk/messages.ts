// Messages as an async iterator: from the agent's mailbox (PROTOCOL §18), or the live feed, by long-polls with a cursor of
// its own (§4, GET /v1/events).
//
// It survives restarts and outages of the hub, and begins at 0 after a reset. It ends without an error when its signal
// is aborted, the client closes, or the loop over it ends.

import type { Bootstrap } from '../protocol/objects.js'
import { FeedReader } from './feed-reader.js'
import { LONG_POLL_SEC } from './long-poll.js'
import type { MailboxAccess } from './mailbox-access.js'
import type { MailboxReader } from './mailbox-reader.js'
import type { FeedOptions, ReceivedMessage } from './options.js'
import { type Requester, withQuery } from './requester.js'
import { isAbort, type LinkedSignal, linkSignals } from './waiting.js'

/** The maximum of PROTOCOL §1: fewer round trips after an absence. */
const PAGE_ROWS = 500

export function liveMessages(
  requester: Requester,
  agentId: string,
  options: FeedOptions,
  mailbox: MailboxAccess,
): AsyncIterableIterator<ReceivedMessage, undefined> {
  const ending = linkSignals(options.signal, requester.closing)
  return untilLeft(read(requester, agentId, options, mailbox, ending), ending)
}

/** An iteration that ends at once when it is left. */
export function untilLeft<T>(
  rows: AsyncGenerator<T, undefined, undefined>,
  ending: LinkedSignal,
): AsyncIterableIterator<T, undefined> {
  return {
    next: () => rows.next(),
    // A generator runs `return` only after the pending `next`, which may be a long-poll. The abort ends that.
    async return() {
      ending.abort('the iteration was left')
      ending.release()
      return rows.return(undefined)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

async function* read(
  requester: Requester,
  agentId: string,
  options: FeedOptions,
  mailbox: MailboxAccess,
  ending: LinkedSignal,
): AsyncGenerator<ReceivedMessage, undefined, undefined> {
  const { channel, threadId, includeSelf } = options
  const { signal } = ending
  try {
    if (await mailbox.serves({ ...options, signal }, true)) {
      const reader = mailbox.take()
      let isAborted = false
      try {
        yield* offered(reader, signal)
      } catch (error) {
        isAborted = isAbort(error)
        throw error
      } finally {
        mailbox.giveBack(reader, isAborted)
      }
      return undefined
    }
    const start =
      options.sinceId === undefined ? await latest(requester, agentId, signal) : { sinceId: options.sinceId }
    const reader = new FeedReader(requester, agentId, { ...start, channel, threadId })
    while (!signal.aborted) {
      const page = { waitSec: LONG_POLL_SEC, limit: PAGE_ROWS, includeSelf, signal, persist: true }
      for (const message of await reader.read(page)) {
        yield message
        if (signal.aborted) return undefined
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    ending.release()
  }
  return undefined
}

/** What the hub offers. A message is taken when the loop asks for the next one, or is left. */
async function* offered(
  reader: MailboxReader,
  signal: AbortSignal,
): AsyncGenerator<ReceivedMessage, void, undefined> {
  while (!signal.aborted) {
    const batch = await reader.read({ waitSec: LONG_POLL_SEC, signal, persist: true })
    if (!batch) continue
    let lastId = 0
    try {
      for (const message of batch.messages) {
        lastId = message.id
        batch.at(lastId)
        yield message
        if (signal.aborted) return
      }
    } finally {
      const isWhole = lastId === batch.messages.at(-1)?.id
      await batch.taken(isWhole ? undefined : lastId).catch(() => {})
    }
  }
}

/** The end of the feed now. */
export async function latest(
  requester: Requester,
  agentId: string,
  signal: AbortSignal,
): Promise<{ sinceId: number; instanceId: string | undefined }> {
  const path = withQuery('/v1/bootstrap', { agent_id: agentId })
  const { result, instanceId } = await requester.get<Bootstrap>(path, { signal, retryForSec: Infinity })
  return { sinceId: result.latest_visible_id, instanceId }
}
