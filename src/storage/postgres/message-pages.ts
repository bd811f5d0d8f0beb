// The text of a page of messages, one for each shape of filter. Each branch (broadcasts, direct messages) walks one index
// in id order. PostgreSQL merges the ids of the branches, and reads a row only when it returns it.

import type { MessagePage } from '../rules/statements.js'
import { bounded, PAGE } from './answer-size.js'

export function messagePageText(page: MessagePage): { text: string; values: object } {
  const channels = page.channels?.length ?? 0
  const conditions = [
    'id > @sinceId',
    page.beforeId !== undefined && 'id < @beforeId',
    channels === 1 && 'channel = @channel',
    channels > 1 && 'channel = ANY(@channels::text[])',
    page.threadId !== undefined && 'thread_id = @threadId',
    page.excludeSelf && page.agentId !== undefined && 'from_agent <> @agentId',
  ].filter((condition) => typeof condition === 'string')
  const order = `id ${page.tail ? 'DESC' : ''}`
  const branches = audiencesOf(page).map((audience) => {
    const where = [audience, ...conditions].join(' AND ')
    return `(SELECT id FROM arc.messages WHERE ${where} ORDER BY ${order} LIMIT @limit)`
  })
  const ids =
    branches.length === 1 ? branches[0] : `${branches.join(' UNION ALL ')} ORDER BY ${order} LIMIT @limit`
  const rows = `SELECT * FROM arc.messages WHERE id = ANY(ARRAY(${ids}))`
  const values = { ...page, channel: page.channels?.[0] }
  return { text: bounded(rows, order, PAGE), values }
}

function audiencesOf({ agentId, directOnly }: MessagePage): string[] {
  if (agentId === undefined) return ['to_agent IS NULL']
  return directOnly ? ['to_agent = @agentId'] : ['to_agent IS NULL', 'to_agent = @agentId']
}
