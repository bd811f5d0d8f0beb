// A message's JSON text, and its place in the feed.

import type { FeedMessage } from '../commands.js'
import { storedText } from './json.js'
import type { MessageRow } from './statements.js'

/** A message's JSON text, from a row of any implementation. */
export function messageJson(row: MessageRow): string {
  return messageText(row, storedText(row.attachments_json, '[]'), storedText(row.metadata_json, '{}'))
}

/** The members are in the order of PROTOCOL §2. */
export function messageText(row: MessageRow, attachments: string, metadata: string): string {
  return `{"id":${row.id},"ts":${JSON.stringify(row.ts)},"from_agent":${JSON.stringify(row.from_agent)},"to_agent":${JSON.stringify(row.to_agent)},"channel":${JSON.stringify(row.channel)},"kind":${JSON.stringify(row.kind)},"body":${JSON.stringify(row.body ?? '')},"attachments":${attachments},"reply_to":${row.reply_to},"thread_id":${JSON.stringify(row.thread_id)},"metadata":${metadata}}`
}

export function toFeedMessage(row: MessageRow, json = messageJson(row)): FeedMessage {
  return {
    id: row.id,
    from: row.from_agent,
    to: row.to_agent,
    channel: row.channel,
    threadId: row.thread_id,
    json,
  }
}
