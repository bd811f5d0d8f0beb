// Posts and reads messages (PROTOCOL §4): a post, with its task if it opens one, and pages for listings, long-polls and
// streams.

import { ArcError, invalid } from '../../protocol/errors.js'
import { jsonText, parseExact } from '../../protocol/json.js'
import { DEFAULT_CHANNEL, DIRECT_CHANNEL } from '../../protocol/limits.js'
import type { Commands, FeedMessage, Page, PageQuery } from '../commands.js'
import type { Done } from '../outcome.js'
import { recipientOf } from './agent-rows.js'
import { mustExistToPost, mustExistToRead } from './channels.js'
import { mustStillHold } from './fences.js'
import { didYouMean, knownAgentsNear } from './known-agents.js'
import { messageJson, toFeedMessage } from './message-json.js'
import { latestId, store } from './message-log.js'
import { mustBeStored } from './receipts.js'
import { all, one, page, type Rule } from './sql.js'
import type { CommandRules, QueryRules } from './tables.js'
import { findTask } from './task-rows.js'
import { completeRequest, openTask } from './tasks.js'
import type { Work } from './work.js'

/** Messages that a refusal of a stale post shows. */
const MOST_NEWER = 20

type PostInput = Commands['message.post']

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
  const tail = isTail(query)
  const { rows, isWhole } = yield* page('message.page', { ...query, tail })
  if (tail) rows.reverse()
  const lastId = rows.at(-1)?.id ?? 0
  const isLast = tail || (isWhole && rows.length < query.limit)
  const upToId = isLast ? Math.max(latest, lastId) : lastId
  return { items: rows.map(messageJson), upToId, isCut: !isWhole }
}

export const messageCommands = {
  *'message.post'(input, work) {
    if (input.fencing) yield* mustStillHold(input.fencing, work)
    const channel = input.channel ?? (input.to_agent === undefined ? DEFAULT_CHANNEL : DIRECT_CHANNEL)
    if (input.to_agent === undefined && !work.foundChannels.has(channel))
      yield* mustExistToPost(channel, work)
    if (input.parent_task_id !== undefined && !(yield* findTask(input.parent_task_id))) {
      throw invalid(`parent_task_id ${input.parent_task_id} is not an existing task`)
    }
    if (input.to_must_exist && input.to_agent !== undefined) yield* mustBeKnown(input.to_agent, work)
    if (input.if_latest !== undefined) yield* mustBeLatest(input.if_latest, channel, input)
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
    if (input.to_agent === undefined) return message.json
    const recipient = yield* recipientOf(input.to_agent, work)
    return { result: message.json, isNew: true, beside: { recipient } }
  },
} satisfies Partial<CommandRules>

/** @throws ArcError `unknown_recipient` for an agent that never had a session */
function* mustBeKnown(agentId: string, work: Work): Rule<void> {
  const { known } = yield* recipientOf(agentId, work)
  if (known) return
  const near = yield* knownAgentsNear(agentId)
  const text = `agent "${agentId}" has never signed in${didYouMean(near)}; nothing was stored`
  throw new ArcError('unknown_recipient', text, { beside: { near } })
}

/** @throws ArcError `stale` if others have posted something newer there */
function* mustBeLatest(id: number, channel: string, { from_agent, thread_id }: PostInput): Rule<void> {
  const there = thread_id === undefined ? { channels: [channel] } : { threadId: thread_id }
  const query = {
    ...there,
    agentId: from_agent,
    excludeSelf: true,
    sinceId: id,
    limit: MOST_NEWER,
    tail: false,
  }
  const { rows } = yield* page('message.page', query)
  if (rows.length === 0) return
  const place = thread_id === undefined ? `channel "${channel}"` : `thread "${thread_id}"`
  const text = `others have posted in ${place} after message ${id}; read what they said, then post again with if_latest: ${rows.at(-1)?.id}`
  throw new ArcError('stale', text, { beside: { messages: rows.map((row) => parseExact(messageJson(row))) } })
}

export const messageQueries = {
  *'messages.get'({ id }) {
    return { result: messageJson(yield* mustBeStored(id)) }
  },
  *'inbox.list'({ agent_id: agentId, since_id: sinceId, before_id: beforeId, limit, tail: wantsTail }) {
    const tail = isTail({ tail: wantsTail, sinceId, beforeId })
    const query = { agentId, directOnly: true, sinceId, beforeId, limit, tail }
    const { rows, isWhole } = yield* page('message.page', query)
    if (tail) rows.reverse()
    return listOf(rows.map(messageJson), !isWhole)
  },
} satisfies Partial<QueryRules>

/** A page of messages as a result. */
function listOf(items: readonly string[], isCut: boolean): Done {
  return { result: `[${items.join(',')}]`, beside: isCut ? { cut: true } : undefined }
}

/** `tail` counts only without a position (PROTOCOL §1). A page that goes backwards is a tail as well (§18). */
function isTail({ tail, sinceId, beforeId }: Pick<PageQuery, 'tail' | 'sinceId' | 'beforeId'>): boolean {
  return beforeId !== undefined || (tail === true && sinceId === 0)
}

function withMember(json: string, member: string, value: unknown): string {
  return jsonText({ ...(parseExact(json) as Record<string, unknown>), [member]: value })
}
