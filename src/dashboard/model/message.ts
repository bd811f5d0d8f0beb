// Makes a message of any stored row. The hub returns rows as they are stored, and another implementation may have stored rows
// that fit no schema. A member of the wrong type becomes a value that the page can show. Pure.

import type { Attachment } from '../../protocol/attachments.js'
import type { Message } from '../../protocol/objects.js'
import { jsonText } from './json.js'

const CHARS = 10_000

export function messageOf(row: Message): Message {
  const {
    ts,
    from_agent: from,
    to_agent: to,
    channel,
    kind,
    body,
    attachments,
    thread_id: thread,
    metadata,
  } = row
  return {
    id: Number(row.id),
    ts: textOf(ts),
    from_agent: textOf(from),
    to_agent: textOrNull(to),
    channel: textOf(channel),
    kind: textOf(kind),
    body: textOf(body),
    attachments: (Array.isArray(attachments) ? attachments : []).map(
      (one) => objectOf(one, 'content') as unknown as Attachment,
    ),
    reply_to: typeof row.reply_to === 'number' ? row.reply_to : null,
    thread_id: textOrNull(thread),
    metadata: objectOf(metadata, 'metadata'),
  }
}

/** Any value as text; empty for null and undefined. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? jsonText(value, { chars: CHARS }).text : String(value)
}

function textOrNull(value: unknown): string | null {
  return value === undefined || value === null ? null : textOf(value)
}

/** An object. Any other value becomes the member `name` of one. */
function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  return value === undefined || value === null ? {} : { [name]: value }
}
