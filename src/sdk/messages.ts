// The live feed as an async iterator (PROTOCOL §4, GET /v1/events): long-polls with a cursor of its own.
//
// It survives restarts and outages of the hub, and begins at 0 after a reset. It ends without an error when its signal
// is aborted, the client closes, or the loop over it ends.

import type { Bootstrap, Message } from '../protocol/objects.js'
import { FeedReader, LONG_POLL_SEC } from './feed-reader.js'
import type { FeedOptions } from './options.js'
import { type Requester, withQuery } from './requester.js'
import { type LinkedSignal, linkSignals } from './waiting.js'

/** The maximum of PROTOCOL §1: fewer round trips after an absence. */
const PAGE_ROWS = 500

export function liveMessages(
  requester: Requester,
  agentId: string,
  options: FeedOptions,
): AsyncIterableIterator<Message, undefined> {
  const ending = linkSignals(options.signal, requester.closing)
  const feed = read(requester, agentId, options, ending)
  return {
    next: () => feed.next(),
    // A generator runs `return` only after the pending `next`, which may be a long-poll. The abort ends that.
    async return() {
      ending.abort('the iteration was left')
      ending.release()
      return feed.return(undefined)
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
  ending: LinkedSignal,
): AsyncGenerator<Message, undefined, undefined> {
  const { channel, threadId, includeSelf } = options
  const { signal } = ending
  try {
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
