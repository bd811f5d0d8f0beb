// Posting and reading messages (PROTOCOL §4): a post with its task where it is one, and pages for listings,
// long-polls and streams. Each page's query walks an index in id order and stops at its limit.

import type { Statement } from 'better-sqlite3'
import { successList } from '../../protocol/envelope.js'
import { invalid } from '../../protocol/errors.js'
import { DEFAULT_CHANNEL, DIRECT_CHANNEL } from '../../protocol/limits.js'
import type { CommandHandlers, Page, PageQuery, QueryHandlers } from '../commands.js'
import { allOf, firstOf } from './bounded.js'
import type { Channels } from './channels.js'
import type { SqliteContext } from './context.js'
import { type MessageLog, type MessageRow, messageJson } from './message-log.js'
import type { Tasks } from './tasks.js'

export class Messages {
  readonly #db
  readonly #log: MessageLog
  readonly #channels: Channels
  readonly #tasks: Tasks
  readonly #latestVisible
  readonly #ofThread
  readonly #pages = new Map<string, Statement<Record<string, unknown>[], MessageRow>>()

  constructor({ db }: SqliteContext, log: MessageLog, channels: Channels, tasks: Tasks) {
    this.#db = db
    this.#log = log
    this.#channels = channels
    this.#tasks = tasks
    this.#latestVisible = db
      .prepare<[string], number>(
        `SELECT max(coalesce((SELECT max(id) FROM messages WHERE to_agent IS NULL), 0),
                    coalesce((SELECT max(id) FROM messages WHERE to_agent = ?), 0))`,
      )
      .pluck()
    this.#ofThread = db.prepare<[string], MessageRow>(
      'SELECT * FROM messages WHERE thread_id = ? ORDER BY id',
    )
  }

  latestVisibleId(agentId: string): number {
    return this.#latestVisible.get(agentId) ?? 0
  }

  /** Every message of a thread, direct ones included, as JSON texts. @throws ArcError `answer_too_large` */
  ofThread(threadId: string): string[] {
    return allOf(this.#ofThread.iterate(threadId)).map(messageJson)
  }

  /** Ends before its limit where the rows are large: at least one, and as many as fit. */
  page(query: PageQuery): Page {
    for (const channel of query.channels ?? []) this.#channels.mustExistToRead(channel)
    // Before the rows: what another process commits between the two reads must not count as read.
    const latestId = this.#log.latestId()
    const tail = isTail(query.tail, query.sinceId)
    const { channels, ...rest } = query
    const bound = { ...rest, channel: channels?.[0], channels: JSON.stringify(channels ?? []) }
    const { rows, isWhole } = firstOf(this.#pageStatement(query, tail).iterate(bound))
    if (tail) rows.reverse()
    const lastId = rows.at(-1)?.id ?? 0
    const isLast = tail || (isWhole && rows.length < query.limit)
    const upToId = isLast ? Math.max(latestId, lastId) : lastId
    return { items: rows.map(messageJson), upToId, isCut: !isWhole }
  }

  readonly commands = {
    'message.post': (input) => {
      const channel = input.channel ?? (input.to_agent === undefined ? DEFAULT_CHANNEL : DIRECT_CHANNEL)
      if (input.to_agent === undefined) this.#channels.mustExistToPost(channel)
      if (input.parent_task_id !== undefined && !this.#tasks.find(input.parent_task_id)) {
        throw invalid(`parent_task_id ${input.parent_task_id} is not an existing task`)
      }
      const answered = input.kind === 'task_result' ? this.#tasks.completeRequest(input.reply_to) : undefined
      const message = this.#log.store({
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
      })
      if (input.kind === 'task' || input.kind === 'task_request') {
        this.#tasks.open(message.id, input.parent_task_id ?? null, channel, message.threadId)
      }
      return message.json
    },
  } satisfies Partial<CommandHandlers>

  readonly queries = {
    'inbox.list': (input) => {
      const tail = isTail(input.tail, input.since_id)
      const { rows, isWhole } = firstOf(
        this.#page(['to_agent = @agent_id'], [], tail, '@since_id').iterate({ ...input }),
      )
      if (tail) rows.reverse()
      return successList(rows.map(messageJson), !isWhole)
    },
  } satisfies Partial<QueryHandlers>

  /**
   * One prepared statement for each shape of filter. Each audience's branch walks one index in id order; they are merged as
   * ids, and a row is read when its turn comes: whoever stops early has not read the rest.
   */
  #pageStatement(query: PageQuery, tail: boolean): Statement<Record<string, unknown>[], MessageRow> {
    const conditions = [
      query.channels?.length === 1 && 'channel = @channel',
      (query.channels?.length ?? 0) > 1 && 'channel IN (SELECT value FROM json_each(@channels))',
      query.threadId !== undefined && 'thread_id = @threadId',
      query.excludeSelf && query.agentId !== undefined && 'from_agent <> @agentId',
    ].filter((condition) => typeof condition === 'string')
    const audiences =
      query.agentId === undefined ? ['to_agent IS NULL'] : ['to_agent IS NULL', 'to_agent = @agentId']
    return this.#page(audiences, conditions, tail)
  }

  #page(audiences: string[], conditions: string[], tail: boolean, since = '@sinceId') {
    const order = `ORDER BY id ${tail ? 'DESC' : ''}`
    const branches = audiences.map((audience) => {
      const where = [audience, `id > ${since}`, ...conditions].join(' AND ')
      return `SELECT id FROM (SELECT id FROM messages WHERE ${where} ${order} LIMIT @limit)`
    })
    const ids = `${branches.join(' UNION ALL ')} ${order} LIMIT @limit`
    const sql = `SELECT * FROM messages WHERE id IN (${ids}) ${order}`
    let statement = this.#pages.get(sql)
    if (!statement) {
      statement = this.#db.prepare<Record<string, unknown>[], MessageRow>(sql)
      this.#pages.set(sql, statement)
    }
    return statement
  }
}

/** The newest rows are meant only where no position was given (PROTOCOL §1). */
function isTail(tail: boolean | undefined, sinceId: number): boolean {
  return tail === true && sinceId === 0
}

function withMember(json: string, member: string, value: unknown): string {
  return JSON.stringify({ ...(JSON.parse(json) as Record<string, unknown>), [member]: value })
}
