// Posts and reads messages (PROTOCOL §4): a post, with its task if it opens one, and pages for listings, long-polls and
// streams.

import { invalid } from '../../protocol/errors.js'
import { jsonText, parseExact } from '../../protocol/json.js'
import { DEFAULT_CHANNEL, DIRECT_CHANNEL } from '../../protocol/limits.js'
import type { FeedMessage, Page, PageQuery } from '../commands.js'
import type { Done } from '../outcome.js'
import { mustExistToPost, mustExistToRead } from './channels.js'
import { latestId, messageJson, store, toFeedMessage } from './message-log.js'
import { all, one, page, type Rule } from './sql.js'
import type { CommandRules, QueryRules } from './tables.js'
import { completeRequest, findTask, openTask } from './tasks.js'

export function* latestVisibleId(agentId: string): Rule<number> {
  return (yield* one('message.latestVisible', { agentId }))?.id ?? 0
}

/** Every message of a thread, direct ones included, as JSON texts. @throws ArcError `answer_too_large` */
export function* messagesOfThread(threadId: string): Rule<string[]> {
  return (yield* all('message.ofThread', { threadId })).map(messageJson)
}

/** All messages with a higher id. Undefined if they are more than `limit`, or too large for one answer. */
export function* messagesAfter(id: number, limit: number): Rule<FeedMessage[] | undefined> {
  const { rows, isWhole } = yield* page('message.after', { id, limit: limit + 1 })
  return isWhole && rows.length <= limit ? rows.map((row) => toFeedMessage(row)) : undefined
}

/**
 * A page of messages. It ends before its limit if the rows are large; it holds at least one.
 * @throws ArcError `not_found` for an unknown channel
 */
export function* pageOfMessages(query: PageQuery): Rule<Page> {
  for (const channel of query.channels ?? []) yield* mustExistToRead(channel)
  // Before the rows: a commit of another process between the two reads must not count as read.
  const latest = yield* latestId()
  const tail = isTail(query.tail, query.sinceId)
  const { rows, isWhole } = yield* page('message.page', { ...query, tail })
  if (tail) rows.reverse()
  const lastId = rows.at(-1)?.id ?? 0
  const isLast = tail || (isWhole && rows.length < query.limit)
  const upToId = isLast ? Math.max(latest, lastId) : lastId
  return { items: rows.map(messageJson), upToId, isCut: !isWhole }
}

export const messageCommands = {
  *'message.post'(input, work) {
    const channel = input.channel ?? (input.to_agent === undefined ? DEFAULT_CHANNEL : DIRECT_CHANNEL)
    if (input.to_agent === undefined && !work.foundChannels.has(channel))
      yield* mustExistToPost(channel, work)
    if (input.parent_task_id !== undefined && !(yield* findTask(input.parent_task_id))) {
      throw invalid(`parent_task_id ${input.parent_task_id} is not an existing task`)
    }
    const answered = input.kind === 'task_result' ? yield* completeRequest(input.reply_to, work) : undefined
    const message = yield* store(
      {
        from_agent: input.from_agent,
        to_agent: input.to_agent ?? null,
        channel,
        kind: input.kind,
        body: input.body ?? '',
        attachments_json: input.attachments,
        reply_to: input.reply_to ?? null,
        thread_id: input.thread_id ?? null,
        metadata_json:
          answered === undefined ? input.metadata : withMember(input.metadata, 'task_completed', answered),
      },
      work,
    )
    if (input.kind === 'task' || input.kind === 'task_request') {
      yield* openTask(message, input.parent_task_id ?? null, work)
    }
    return message.json
  },
} satisfies Partial<CommandRules>

export const messageQueries = {
  *'inbox.list'({ agent_id: agentId, since_id: sinceId, limit, tail: wantsTail }) {
    const tail = isTail(wantsTail, sinceId)
    const { rows, isWhole } = yield* page('message.page', { agentId, directOnly: true, sinceId, limit, tail })
    if (tail) rows.reverse()
    return listOf(rows.map(messageJson), !isWhole)
  },
} satisfies Partial<QueryRules>

/** A page of messages as a result. */
function listOf(items: readonly string[], isCut: boolean): Done {
  return { result: `[${items.join(',')}]`, beside: isCut ? { cut: true } : undefined }
}

/** `tail` counts only without a position (PROTOCOL §1). */
function isTail(tail: boolean | undefined, sinceId: number): boolean {
  return tail === true && sinceId === 0
}

function withMember(json: string, member: string, value: unknown): string {
  return jsonText({ ...(parseExact(json) as Record<string, unknown>), [member]: value })
}
