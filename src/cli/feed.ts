// Reads an agent's visible feed (GET /v1/events, PROTOCOL §4) where a command shows history. It marks nothing as read.

import type { Message } from '../protocol/objects.js'
import type { ArcClient } from '../sdk/client.js'
import { ifSupported } from './unsupported.js'

export interface View {
  readonly channel?: string | undefined
  readonly threadId?: string | undefined
  readonly includeSelf?: boolean | undefined
}

const PAGE_ROWS = 500

/** One message. A hub of version 1 shows it only in the agent's feed: undefined if it is not there. */
export async function findMessage(client: ArcClient, id: number): Promise<Message | undefined> {
  const answer = await ifSupported(client.message(id))
  if (answer) return answer.result
  const rows = await client.poll({ sinceId: id - 1, limit: 1, timeout: 0, includeSelf: true })
  return rows.find((row) => row.id === id)
}

/**
 * The newest `count` messages of a view, in id order. The feed pages forward only. So this reads from ids back, and from
 * further back while there are too few.
 */
export async function newest(client: ArcClient, view: View, count: number): Promise<Message[]> {
  const { latest_visible_id: latest } = await client.bootstrap()
  for (let span = Math.max(PAGE_ROWS, count); ; span *= 4) {
    const since = Math.max(0, latest - span)
    const rows = await last(client, view, since, count)
    if (rows.length === count || since === 0) return rows
  }
}

/** The last `count` messages after an id. */
async function last(client: ArcClient, view: View, since: number, count: number): Promise<Message[]> {
  let rows: Message[] = []
  for (let sinceId = since; ; ) {
    const page = await client.poll({ ...view, sinceId, timeout: 0, limit: PAGE_ROWS })
    const end = page.at(-1)
    if (!end) return rows
    rows = [...rows, ...page].slice(-count)
    sinceId = end.id
  }
}
