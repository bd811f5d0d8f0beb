// The text of a page of messages, one for each shape of filter. Each branch (broadcasts, direct messages) walks one index
// in id order. SQLite merges the ids of the branches, and reads a row only when it returns it: merged as rows, it would
// sort all of them first.

import type { MessagePage } from '../rules/statements.js'

export function messagePageText(page: MessagePage): { text: string; values: object } {
  const channels = page.channels?.length ?? 0
  const conditions = [
    'id > @sinceId',
    page.beforeId !== undefined && 'id < @beforeId',
    channels === 1 && 'channel = @channel',
    channels > 1 && 'channel IN (SELECT value FROM json_each(@channels))',
    page.threadId !== undefined && 'thread_id = @threadId',
    page.excludeSelf && page.agentId !== undefined && 'from_agent <> @agentId',
  ].filter((condition) => typeof condition === 'string')
  const order = `ORDER BY id ${page.tail ? 'DESC' : ''}`
  const branches = audiencesOf(page).map((audience) => {
    const where = [audience, ...conditions].join(' AND ')
    return `SELECT id FROM (SELECT id FROM messages WHERE ${where} ${order} LIMIT @limit)`
  })
  const ids = `${branches.join(' UNION ALL ')} ${order} LIMIT @limit`
  const values = { ...page, channel: page.channels?.[0], channels: JSON.stringify(page.channels ?? []) }
  return { text: `SELECT * FROM messages WHERE id IN (${ids}) ${order}`, values }
}

function audiencesOf({ agentId, directOnly }: MessagePage): string[] {
  if (agentId === undefined) return ['to_agent IS NULL']
  return directOnly ? ['to_agent = @agentId'] : ['to_agent IS NULL', 'to_agent = @agentId']
}
