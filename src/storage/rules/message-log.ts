// The log of messages: it stores rows, and builds each message's JSON text once. Every message, notices included, goes
// through `store` into the feed, and into the mailboxes of its addressees.

import { ArcError } from '../../protocol/errors.js'
import { DEFAULT_CHANNEL, DIRECT_CHANNEL, SYSTEM_AGENT } from '../../protocol/limits.js'
import { toMillis } from '../../protocol/timestamps.js'
import type { FeedMessage } from '../commands.js'
import { messageText, toFeedMessage } from './message-json.js'
import { deliver, isAddressed } from './receipts.js'
import { one, type Rule, run } from './sql.js'
import type { NewMessageRow } from './statements.js'
import type { Work } from './work.js'

/** The members that differ between notices. */
export interface Notice {
  readonly body: string
  readonly metadata: object
  /** Absent: a broadcast. */
  readonly toAgent?: string
  readonly channel?: string | null
  readonly threadId?: string | null
  readonly replyTo?: number | null
}

export function* latestId(): Rule<number> {
  return (yield* one('message.latestId', {}))?.id ?? 0
}

/** Stores a message in the current transaction. @throws ArcError when no id is left */
export function* store(message: Omit<NewMessageRow, 'ts'>, work: Work): Rule<FeedMessage> {
  const ts = toMillis(work.nowMs)
  const row = {
    id: 0,
    ts,
    from_agent: message.from_agent,
    to_agent: message.to_agent,
    channel: message.channel,
    kind: message.kind,
    body: message.body,
    attachments_json: message.attachments_json,
    reply_to: message.reply_to,
    thread_id: message.thread_id,
    metadata_json: message.metadata_json,
  }
  const { id } = yield* run('message.insert', row)
  if (!Number.isSafeInteger(id)) {
    throw new ArcError(
      'ids_exhausted',
      'message ids are used up in this storage; start with a new one: arc reset',
    )
  }
  row.id = id
  // This hub's own columns hold JSON, so nothing parses them to check.
  const json = messageText(row, message.attachments_json ?? '[]', message.metadata_json ?? '{}')
  const stored = toFeedMessage(row, json)
  work.stored.push(stored)
  if (isAddressed(row)) yield* deliver(row)
  return stored
}

/** Posts a notice from `system` in the current transaction. */
export function* notice(told: Notice, work: Work): Rule<void> {
  const { body, metadata, toAgent, channel, threadId, replyTo } = told
  const message = {
    from_agent: SYSTEM_AGENT,
    to_agent: toAgent ?? null,
    channel: channel ?? (toAgent === undefined ? DEFAULT_CHANNEL : DIRECT_CHANNEL),
    kind: 'notice',
    body,
    attachments_json: '[]',
    reply_to: replyTo ?? null,
    thread_id: threadId ?? null,
    metadata_json: JSON.stringify(metadata),
  }
  yield* store(message, work)
}
