// A call to another agent (PROTOCOL §15): it posts a `task_request` and waits for the `task_result` that replies to it.
//
// It reads the feed after the request's own id, with a cursor of its own. So it finds a result that comes before the
// first read, and it moves no cursor of `poll`. The mailbox has the result, too, so it is acknowledged there.

import { ArcError } from '../protocol/errors.js'
import type { Message } from '../protocol/objects.js'
import { FeedReader, HubReset } from './feed-reader.js'
import { LONG_POLL_SEC } from './long-poll.js'
import { MAILBOX_FEATURE } from './mailbox-reader.js'
import { type CallTarget, checkedNumber, type TaskRequestOptions } from './options.js'
import { postMessage } from './posting.js'
import { checkedName } from './request-text.js'
import type { Requester } from './requester.js'
import { linkSignals } from './waiting.js'

const PAGE_ROWS = 500
export const CALL_TIMEOUT_SEC = 60

export async function callAgent(
  requester: Requester,
  agentId: string,
  target: CallTarget,
  body: string,
  options: TaskRequestOptions,
): Promise<Message> {
  const timeoutSec = checkedNumber('timeout', options.timeout ?? CALL_TIMEOUT_SEC)
  const address = typeof target === 'object' && 'channel' in target ? target : { to: toOf(target) }
  const deadline = performance.now() + timeoutSec * 1_000
  const link = linkSignals(options.signal, requester.closing)
  let request: Message | undefined
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    link.abort('the call took too long')
  }, timeoutSec * 1_000)
  try {
    const posted = await postMessage(requester, agentId, body, {
      ...address,
      kind: 'task_request',
      threadId: options.threadId,
      attachments: options.attachments,
      metadata: options.metadata,
      parentTaskId: options.parentTaskId,
      signal: link.signal,
    })
    request = posted.message
    const { id } = request
    const reader = new FeedReader(requester, agentId, {
      sinceId: id,
      instanceId: posted.instanceId,
      onReset: 'throw',
    })
    for (;;) {
      // At least 0.1 s: with 0 s the loop would spin in the last milliseconds before the timer fires.
      const waitSec = Math.min(LONG_POLL_SEC, Math.max(100, deadline - performance.now()) / 1_000)
      // With the agent's own messages: two processes may work under one agent id.
      const page = { waitSec, limit: PAGE_ROWS, includeSelf: true, signal: link.signal, persist: true }
      const rows = await reader.read(page)
      const result = rows.find((row) => row.kind === 'task_result' && row.reply_to === id)
      if (!result) continue
      if (options.ack !== false) await acknowledge(requester, agentId, result.id, link.signal)
      return result
    }
  } catch (error) {
    if (isLate) throw lateError(address, timeoutSec, request, error)
    if (error instanceof HubReset) {
      const text = `task_request ${request?.id} is gone: the hub was reset while its result was awaited`
      throw new ArcError('not_found', text, { cause: error })
    }
    throw error
  } finally {
    clearTimeout(timer)
    link.release()
  }
}

function toOf(target: string | { readonly to: string }): string {
  return checkedName('to', typeof target === 'object' ? target?.to : target)
}

/** One try: if it fails, the mailbox has the result once more, which is better than to be late with it. */
async function acknowledge(
  requester: Requester,
  agentId: string,
  id: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    const once = { signal, retryForSec: 0 }
    if (!(await requester.announces(MAILBOX_FEATURE, once))) return
    await requester.post(`/v1/messages/${id}/ack`, { agent_id: agentId }, once)
  } catch {}
}

function lateError(
  address: { to?: string; channel?: string },
  timeoutSec: number,
  request: Message | undefined,
  cause: unknown,
): ArcError {
  const whom = address.to ?? `anyone in ${address.channel}`
  const text = request
    ? `${whom} did not answer task_request ${request.id} within ${timeoutSec} s; it stays open and may be answered later`
    : `the task_request to ${whom} could not be confirmed within ${timeoutSec} s; it may or may not have been posted`
  return new ArcError('timeout', text, { cause })
}
