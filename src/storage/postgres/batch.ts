// The statements of one transaction. Writes whose answers no rule uses wait until a read needs them, or until the commit,
// and are sent together. So the number of trips to the server does not grow with the number of posts.
//
// The transaction holds the lock of the room's counter (schema.ts), so it gives ids in memory, and what it has read of an
// outcome or a channel stays true until its end.

import type { Ask, Engine, Written } from '../rules/sql.js'
import type { ChannelRow, NewMessageRow, Statements, StoredOutcome } from '../rules/statements.js'
import type { Connection } from './connection.js'
import { answerOf, statementFor } from './engine.js'
import { type Statement, statement } from './statement-text.js'
import { MESSAGE_COLUMNS } from './statements.js'

type Names = keyof Statements & string
type NewOutcome = Statements['outcome.store']['input']
export type KnownOutcome = StoredOutcome & { readonly created_at_ms: number }

/** Writes whose answers no rule uses. Any other write is sent at once. */
const DEFERRED: ReadonlySet<Names> = new Set<Names>([
  ...(['session.deactivate', 'session.insert', 'session.insertExtras', 'session.rename'] as const),
  ...(['session.touch', 'session.touchAll', 'session.end'] as const),
  ...(['mailbox.begin', 'mailbox.deliver', 'mailbox.moveAmbient', 'mailbox.offerAmbient'] as const),
  ...(['mailbox.show', 'receipt.insert', 'receipt.offer', 'receipt.show', 'receipt.free'] as const),
  ...(['receipt.acknowledge', 'offer.insert', 'offer.extend', 'offer.settle'] as const),
  ...(['task.insert', 'task.complete', 'task.reopen', 'task.releaseClaims'] as const),
  ...(['claim.take', 'claim.extend', 'claim.release', 'claim.end'] as const),
  ...(['lock.take', 'lock.extend', 'lock.release', 'lock.end'] as const),
  ...(['scope.insert', 'scope.extend', 'scope.release', 'scope.forget'] as const),
  ...(['slot.hold', 'slot.release', 'slot.forget', 'fence.delete'] as const),
  ...(['wait.rejoin', 'wait.renew', 'wait.away', 'wait.delete'] as const),
  ...(['hubState.set', 'hubState.delete'] as const),
])
const WRITTEN: Written = { changes: 1, id: 0 }

export interface BatchStart {
  /** The last id that was given. */
  readonly lastId: number
  /** Channels that exist: they are never deleted. */
  readonly channels: ReadonlyMap<string, ChannelRow>
  /** What is stored under the batch's keys. Undefined: nothing. */
  readonly outcomes: Map<string, KnownOutcome | undefined>
}

export const keyOf = (scope: string, key: string) => `${scope}\0${key}`

export class Batch implements Engine<'later'> {
  readonly #connection: Connection
  readonly #start: BatchStart
  readonly newChannels = new Map<string, ChannelRow>()
  #lastId: number
  #messages: (NewMessageRow & { id: number })[] = []
  #others: Statement[] = []
  #outcomes: NewOutcome[] = []
  /** Where the current command's writes begin in the three lists, and whether some of them were sent. */
  #own = { messages: 0, others: 0, outcomes: 0, lastId: 0, isSent: false }
  #sent: Promise<unknown>[] = []
  #failure: { readonly error: unknown } | undefined
  #hasWritten = false

  constructor(connection: Connection, start: BatchStart) {
    this.#connection = connection
    this.#start = start
    this.#lastId = start.lastId
  }

  get lastId(): number {
    return this.#lastId
  }

  /** Whether the transaction changes anything. */
  get writes(): boolean {
    return this.#hasWritten || this.#messages.length + this.#others.length + this.#outcomes.length > 0
  }

  answer(ask: Ask): Promise<unknown> {
    const known = this.#fromMemory(ask)
    return known === undefined ? this.#ask(ask) : Promise.resolve(known.answer)
  }

  /** Begins a command, which `undo` can undo. */
  begin(): void {
    const { length: messages } = this.#messages
    const { length: others } = this.#others
    this.#own = { messages, others, outcomes: this.#outcomes.length, lastId: this.#lastId, isSent: false }
  }

  /** Takes back what the command has written. False if some of it was sent. */
  undo(): boolean {
    if (this.#own.isSent) return false
    this.#messages.length = this.#own.messages
    this.#others.length = this.#own.others
    for (const { scope, key } of this.#outcomes.splice(this.#own.outcomes)) {
      this.#start.outcomes.set(keyOf(scope, key), undefined)
    }
    this.#lastId = this.#own.lastId
    return true
  }

  /** Undoes all that was sent since the savepoint, after an error or a refusal. */
  async rollBackTo(savepoint: string): Promise<void> {
    this.#messages = []
    this.#others = []
    this.#outcomes = []
    this.#lastId = this.#own.lastId
    await Promise.all(this.#sent)
    this.#sent = []
    this.#failure = undefined
    await this.#connection.script(`ROLLBACK TO ${savepoint}`)
  }

  /** Sends what waits, and settles when all that was sent has succeeded. @throws the first error */
  async settled(): Promise<void> {
    this.flush()
    await Promise.all(this.#sent)
    this.#sent = []
    if (this.#failure) throw this.#failure.error
  }

  /** Sends the writes that wait. */
  flush(): void {
    const { messages, others, outcomes } = this.#own
    const isSent =
      this.#messages.length > messages || this.#others.length > others || this.#outcomes.length > outcomes
    const waiting = [...this.#others]
    if (this.#messages.length > 0) waiting.unshift(messagesOf(this.#messages))
    if (this.#outcomes.length > 0) waiting.push(outcomesOf(this.#outcomes))
    if (waiting.length === 0) return
    this.#messages = []
    this.#others = []
    this.#outcomes = []
    this.#own = { ...this.#own, messages: 0, others: 0, outcomes: 0, isSent: this.#own.isSent || isSent }
    this.#hasWritten = true
    for (const next of waiting) this.send(next)
  }

  /** Sends a write without waiting for it. `settled` reports its error. */
  send(next: Statement): void {
    this.#sent.push(this.#connection.send(next).catch((error) => this.#fail(error)))
  }

  #fromMemory([how, name, input]: Ask): { readonly answer: unknown } | undefined {
    switch (name) {
      case 'message.latestId':
        return { answer: { id: this.#lastId } }
      case 'message.insert':
        this.#lastId++
        this.#messages.push({ ...(input as NewMessageRow), id: this.#lastId })
        return { answer: { changes: 1, id: this.#lastId } }
      case 'outcome.find':
        return this.#knownOutcome(input as Statements['outcome.find']['input'])
      case 'outcome.store': {
        const row = input as NewOutcome
        this.#outcomes.push(row)
        this.#start.outcomes.set(keyOf(row.scope, row.key), { ...row, created_at_ms: row.nowMs })
        return { answer: WRITTEN }
      }
      case 'channel.find': {
        const channel = this.#channel((input as { name: string }).name)
        return channel && { answer: channel }
      }
    }
    if (how !== 'run' || !DEFERRED.has(name)) return undefined
    this.#others.push(statementFor(name, input))
    return { answer: WRITTEN }
  }

  #knownOutcome({ scope, key, since }: Statements['outcome.find']['input']): { answer: unknown } | undefined {
    const name = keyOf(scope, key)
    if (!this.#start.outcomes.has(name)) return undefined
    const known = this.#start.outcomes.get(name)
    return { answer: known && known.created_at_ms >= since ? known : undefined }
  }

  #channel(name: string): ChannelRow | undefined {
    return this.#start.channels.get(name) ?? this.newChannels.get(name)
  }

  async #ask([how, name, input]: Ask): Promise<unknown> {
    this.flush()
    try {
      const answer = answerOf(how, await this.#connection.send(statementFor(name, input)))
      if (how === 'run' && (answer as Written).changes > 0) {
        this.#own.isSent = true
        this.#hasWritten = true
      }
      if (name === 'channel.find' && answer)
        this.newChannels.set((answer as ChannelRow).name, answer as ChannelRow)
      return answer
    } catch (error) {
      await Promise.all(this.#sent) // an earlier write's error is the reason
      throw this.#failure?.error ?? error
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
  }
}

function messagesOf(rows: readonly (NewMessageRow & { id: number })[]): Statement {
  const columns = ['id', ...MESSAGE_COLUMNS] as const
  return statementFor('message.insert', columnsOf(rows, columns))
}

function outcomesOf(rows: readonly NewOutcome[]): Statement {
  const columns = ['scope', 'key', 'request_hash', 'code', 'text', 'is_new', 'beside', 'nowMs'] as const
  return statementFor('outcome.store', columnsOf(rows, columns))
}

function columnsOf<Row>(rows: readonly Row[], columns: readonly (keyof Row & string)[]): object {
  return Object.fromEntries(columns.map((column) => [column, rows.map((row) => row[column])]))
}

/** What is stored under these keys. */
export async function outcomesUnder(
  keys: readonly { readonly scope: string; readonly key: string }[],
  connection: Connection,
): Promise<BatchStart['outcomes']> {
  const outcomes: BatchStart['outcomes'] = new Map(
    keys.map(({ scope, key }) => [keyOf(scope, key), undefined]),
  )
  if (keys.length === 0) return outcomes
  const text = `SELECT outcomes.* FROM unnest(@scopes::text[], @keys::text[]) AS wanted (scope, key)
    JOIN arc.outcomes ON outcomes.scope = wanted.scope AND outcomes.key = wanted.key`
  const lists = { scopes: keys.map(({ scope }) => scope), keys: keys.map(({ key }) => key) }
  const { rows } = await connection.send(statement(text, lists))
  for (const row of rows) outcomes.set(keyOf(row.scope, row.key), row)
  return outcomes
}
