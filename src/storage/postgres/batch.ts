// The statements of one transaction. Writes whose answers no rule uses wait until a read needs them, or until the commit,
// and are sent together. So the number of trips to the server does not grow with the number of posts.
//
// The transaction holds the lock of the room's counter (schema.ts), so it gives ids in memory, and what it has read of an
// outcome or a channel stays true until its end.

import type { Ask, Engine, Written } from '../rules/sql.js'
import type { ChannelRow, NewMessageRow, Statements } from '../rules/statements.js'
import type { Ahead } from './ahead.js'
import type { Connection } from './connection.js'
import { answerOf, statementFor } from './engine.js'
import { type Statement, statement } from './statement-text.js'
import { lastWrite, MESSAGE_COLUMNS } from './statements.js'

type Names = keyof Statements & string
type NewOutcome = Statements['outcome.store']['input']

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
const MESSAGE = ['id', ...MESSAGE_COLUMNS] as const
const OUTCOME = ['scope', 'key', 'request_hash', 'code', 'text', 'is_new', 'beside', 'nowMs'] as const
const WRITTEN: Written = { changes: 1, id: 0 }

export interface BatchStart {
  /** The last id that was given. */
  readonly lastId: number
  /** Channels that exist: they are never deleted. */
  readonly channels: ReadonlyMap<string, ChannelRow>
  readonly ahead: Ahead
}

/** Something has to be read, and the batch has no connection. */
export class NeedsTrip extends Error {}

const NOT_CONNECTED = {
  send: () => Promise.reject(new NeedsTrip()),
  script: () => Promise.reject(new NeedsTrip()),
}

export class Batch implements Engine<'later'> {
  readonly #connection: Pick<Connection, 'send' | 'script'>
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

  /** Without a connection it takes what is answered from memory, and what is stored at the end. @throws NeedsTrip */
  constructor(connection: Connection | undefined, start: BatchStart) {
    this.#connection = connection ?? NOT_CONNECTED
    this.#start = start
    this.#lastId = start.lastId
  }

  get lastId(): number {
    return this.#lastId
  }

  /** The id of the last message that it stores. */
  get newestId(): number | undefined {
    return this.#lastId > this.#start.lastId ? this.#lastId : undefined
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
    for (const row of this.#outcomes.splice(this.#own.outcomes)) this.#start.ahead.forgetOutcome(row)
    this.#start.ahead.forget()
    this.#lastId = this.#own.lastId
    return true
  }

  /** Undoes all that was sent since the savepoint, after an error or a refusal. */
  async rollBackTo(savepoint: string): Promise<void> {
    this.#messages = []
    this.#others = []
    for (const row of this.#outcomes.splice(0)) this.#start.ahead.forgetOutcome(row)
    this.#start.ahead.forget()
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
    if (this.#messages.length > 0)
      waiting.unshift(statementFor('message.insert', listsOf(this.#messages, MESSAGE)))
    if (this.#outcomes.length > 0)
      waiting.push(statementFor('outcome.store', listsOf(this.#outcomes, OUTCOME)))
    if (waiting.length === 0) return
    this.#messages = []
    this.#others = []
    this.#outcomes = []
    this.#own = { ...this.#own, messages: 0, others: 0, outcomes: 0, isSent: this.#own.isSent || isSent }
    this.#hasWritten = true
    for (const next of waiting) this.send(next)
  }

  /** Sends what waits, with the room's counter: what every post writes is one statement. */
  finish(nowMs: number): void {
    for (const next of this.#others.splice(0)) this.send(next)
    this.send(statement(lastWrite(this.#messages.length > 0, this.keepsOutcomes), this.lastValues(nowMs)))
    this.#messages = []
    this.#outcomes = []
    this.#hasWritten = true
  }

  /** Whether messages and outcomes are all that it writes. */
  get isOfPosts(): boolean {
    return this.#messages.length > 0 && this.#others.length === 0
  }

  get keepsOutcomes(): boolean {
    return this.#outcomes.length > 0
  }

  /** What the end of the transaction stores. */
  lastValues(nowMs: number): object {
    return {
      ...(this.#messages.length > 0 && listsOf(this.#messages, MESSAGE)),
      ...(this.#outcomes.length > 0 && listsOf(this.#outcomes, OUTCOME)),
      counter: this.#lastId,
      counterMs: nowMs,
    }
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
      case 'outcome.store': {
        const row = input as NewOutcome
        this.#outcomes.push(row)
        this.#start.ahead.noteOutcome(row)
        return { answer: WRITTEN }
      }
      case 'channel.find': {
        const channel = this.#channel((input as { name: string }).name)
        return channel && { answer: channel }
      }
    }
    if (how !== 'run') return this.#start.ahead.answer([how, name, input])
    this.#start.ahead.note(name, input)
    if (!DEFERRED.has(name)) return undefined
    this.#others.push(statementFor(name, input))
    return { answer: WRITTEN }
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

function listsOf<Row>(rows: readonly Row[], columns: readonly (keyof Row & string)[]): object {
  return Object.fromEntries(columns.map((column) => [column, rows.map((row) => row[column])]))
}
