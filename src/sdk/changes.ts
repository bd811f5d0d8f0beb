// Hints at changes besides messages (PROTOCOL §4, GET /v1/stream): which listings to read again.
//
// It opens the stream again after an outage, and then hints at every topic, since hints may have been lost meanwhile.

import { CHANGE_TOPICS, type ChangeTopic } from '../protocol/kinds.js'
import { isPassing } from './long-poll.js'
import { latest } from './messages.js'
import { type Requester, withQuery } from './requester.js'
import { backoffMs } from './retry.js'
import { type LinkedSignal, pause } from './waiting.js'

/** The hub sends a heartbeat every 15 s. */
const SILENCE_SEC = 40

export async function* liveChanges(
  requester: Requester,
  agentId: string,
  ending: LinkedSignal,
): AsyncGenerator<readonly ChangeTopic[], undefined, undefined> {
  const { signal } = ending
  let isAgain = false
  let setbacks = 0
  try {
    while (!signal.aborted) {
      try {
        const { sinceId } = await latest(requester, agentId, signal)
        const path = withQuery('/v1/stream', { agent_id: agentId, since_id: sinceId, changes: true })
        const { texts } = await requester.open(path, { timeoutSec: SILENCE_SEC, signal })
        if (isAgain) yield CHANGE_TOPICS
        isAgain = true
        for await (const { event, data } of eventsIn(texts)) {
          setbacks = 0
          if (event === 'changed') yield JSON.parse(data) as ChangeTopic[]
        }
      } catch (error) {
        if (!isPassing(error, true)) throw error
      }
      await pause(backoffMs(++setbacks), signal, requester.closing)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    ending.release()
  }
  return undefined
}

async function* eventsIn(texts: AsyncIterable<string>) {
  const { createParser } = await import('eventsource-parser')
  let events: { readonly event?: string | undefined; readonly data: string }[] = []
  const parser = createParser({ onEvent: (event) => events.push(event) })
  for await (const text of texts) {
    parser.feed(text)
    yield* events
    events = []
  }
}
