// The log of messages: stores rows, makes each one's JSON text once, and reads what came after an id.
// Everything that a hub says, notices included, goes through `store`, and from there into the feed.

import { ArcError } from '../../protocol/errors.js'
import { DEFAULT_CHANNEL, SYSTEM_AGENT } from '../../protocol/limits.js'
import { toMillis } from '../../protocol/timestamps.js'
import type { FeedMessage } from '../commands.js'
import { firstOf } from './bounded.js'
import { jsonText, type SqliteContext } from './context.js'

export interface MessageRow {
  id: number
  ts: string
  from_agent: string
  to_agent: string | null
  channel: string
  kind: string
  body: string | null
  attachments_json: string | null
  reply_to: number | null
  thread_id: string | null
  metadata_json: string | null
}

export type NewMessage = Omit<MessageRow, 'id' | 'ts'>

/** The members of a notice that differ from case to case. */
export interface Notice {
  readonly body: string
  readonly metadata: Record<string, unknown>
  readonly channel?: string | null
  readonly threadId?: string | null
  readonly replyTo?: number | null
}

/** A message's JSON text, whoever has written its row. */
export function messageJson(row: MessageRow): string {
  return messageText(row, jsonText(row.attachments_json, '[]'), jsonText(row.metadata_json, '{}'))
}

/** In the order of PROTOCOL §2. */
function messageText(row: MessageRow, attachments: string, metadata: string): string {
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

export class MessageLog {
  readonly #stored: FeedMessage[]
  readonly #insert
  readonly #after
  readonly #latestId

  constructor({ db, stored }: SqliteContext) {
    this.#stored = stored
    // OR FAIL: what an insert that fails has done, the transaction or the command's savepoint takes back. By default SQLite
    // sees to it for each statement, because of the trigger, by a journal that costs a quarter of the insert.
    this.#insert = db.prepare(
      `INSERT OR FAIL INTO messages (ts, from_agent, to_agent, channel, kind, body, attachments_json, reply_to, thread_id, metadata_json)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#after = db.prepare<[number, number], MessageRow>(
      'SELECT * FROM messages WHERE id > ? ORDER BY id LIMIT ?',
    )
    this.#latestId = db.prepare<[], number>('SELECT coalesce(max(id), 0) FROM messages').pluck()
  }

  latestId(): number {
    return this.#latestId.get() ?? 0
  }

  after(id: number, limit: number): FeedMessage[] | undefined {
    const { rows, isWhole } = firstOf(this.#after.iterate(id, limit + 1))
    return isWhole && rows.length <= limit ? rows.map((row) => toFeedMessage(row)) : undefined
  }

  /** Stores a message in the transaction under way. @throws ArcError when no id is left */
  store(message: NewMessage): FeedMessage {
    const ts = toMillis(Date.now())
    const { lastInsertRowid } = this.#insert.run(
      ts,
      message.from_agent,
      message.to_agent,
      message.channel,
      message.kind,
      message.body,
      message.attachments_json,
      message.reply_to,
      message.thread_id,
      message.metadata_json,
    )
    const id = Number(lastInsertRowid)
    if (!Number.isSafeInteger(id)) {
      throw new ArcError(
        'ids_exhausted',
        'message ids are used up in this storage; start with a new one: arc reset',
      )
    }
    const row = { id, ts, ...message }
    // What this hub writes is JSON: it need not be parsed to be sure of that.
    const json = messageText(row, message.attachments_json ?? '[]', message.metadata_json ?? '{}')
    const stored = toFeedMessage(row, json)
    this.#stored.push(stored)
    return stored
  }

  /** Posts a notice from `system` in the transaction under way. */
  notice({ body, metadata, channel, threadId = null, replyTo = null }: Notice): void {
    this.store({
      from_agent: SYSTEM_AGENT,
      to_agent: null,
      channel: channel ?? DEFAULT_CHANNEL,
      kind: 'notice',
      body,
      attachments_json: '[]',
      reply_to: replyTo,
      thread_id: threadId,
      metadata_json: JSON.stringify(metadata),
    })
  }
}
