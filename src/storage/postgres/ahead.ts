// What the commands of a batch will ask for, read in the trip that begins the transaction: outcomes under their keys, and
// how far the addressees of direct messages have come. Later writes of the batch keep it true, or make it forgotten.

import type { Submission } from '../commands.js'
import type { Ask } from '../rules/sql.js'
import type { MailboxRow, SessionRow, Statements, StoredOutcome } from '../rules/statements.js'
import type { Connection } from './connection.js'
import { statement } from './statement-text.js'

type KnownOutcome = StoredOutcome & { readonly created_at_ms: number }
type NewOutcome = Statements['outcome.store']['input']

const OUTCOMES = `SELECT outcomes.* FROM unnest(@scopes::text[], @keys::text[]) AS wanted (scope, key)
  JOIN arc.outcomes ON outcomes.scope = wanted.scope AND outcomes.key = wanted.key`
const MAILBOXES = 'SELECT * FROM arc.mailboxes WHERE agent_id = ANY(@agents::text[])'
const SESSIONS = `SELECT DISTINCT ON (agent_id) * FROM arc.sessions WHERE agent_id = ANY(@agents::text[])
  ORDER BY agent_id, created_at DESC, active DESC`

const keyOf = (scope: string, key: string) => `${scope}\0${key}`

export class Ahead {
  /** Undefined: nothing is stored there. */
  readonly #outcomes = new Map<string, KnownOutcome | undefined>()
  readonly #mailboxes = new Map<string, MailboxRow | undefined>()
  readonly #lastSessions = new Map<string, SessionRow | undefined>()

  /** Reads for a batch. The connection has just sent the beginning of its transaction. */
  static async read(submissions: readonly Submission[], connection: Connection): Promise<Ahead> {
    const ahead = new Ahead()
    const keys = submissions.flatMap(({ idempotency }) => idempotency ?? [])
    const agents = [...new Set(submissions.flatMap(({ command }) => addresseeOf(command) ?? []))]
    await Promise.all([ahead.#readOutcomes(keys, connection), ahead.#readAddressees(agents, connection)])
    return ahead
  }

  /** For a batch whose keys have no outcomes. */
  static ofNewKeys(submissions: readonly Submission[]): Ahead {
    const ahead = new Ahead()
    for (const { idempotency } of submissions) if (idempotency) ahead.forgetOutcome(idempotency)
    return ahead
  }

  /** The answer to a statement, if it is known. */
  answer([, name, input]: Ask): { readonly answer: unknown } | undefined {
    switch (name) {
      case 'outcome.find': {
        const { scope, key, since } = input as Statements['outcome.find']['input']
        const known = answerFrom(this.#outcomes, keyOf(scope, key))
        const isOld = known?.answer !== undefined && known.answer.created_at_ms < since
        return isOld ? { answer: undefined } : known
      }
      case 'mailbox.find':
        return answerFrom(this.#mailboxes, (input as { agentId: string }).agentId)
      case 'session.lastOfAgent':
        return answerFrom(this.#lastSessions, (input as { agentId: string }).agentId)
    }
    return undefined
  }

  /** The batch writes this. */
  note(name: Ask[1], input: unknown): void {
    if (name.startsWith('session.')) this.#lastSessions.clear()
    if (!name.startsWith('mailbox.')) return
    const { agentId } = input as { agentId: string }
    if (name !== 'mailbox.deliver') this.#mailboxes.delete(agentId)
    else if (this.#mailboxes.has(agentId)) this.#deliver(agentId)
  }

  noteOutcome(row: NewOutcome): void {
    this.#outcomes.set(keyOf(row.scope, row.key), { ...row, created_at_ms: row.nowMs })
  }

  /** Forgets what a refused command may have changed. */
  forget(): void {
    this.#mailboxes.clear()
    this.#lastSessions.clear()
  }

  forgetOutcome({ scope, key }: Pick<NewOutcome, 'scope' | 'key'>): void {
    this.#outcomes.set(keyOf(scope, key), undefined)
  }

  #deliver(agentId: string): void {
    const nothing = {
      agent_id: agentId,
      begun_id: null,
      ambient_id: 0,
      ambient_offered_id: 0,
      last_shown_id: null,
    }
    const mailbox = this.#mailboxes.get(agentId) ?? { ...nothing, unread: 0 }
    this.#mailboxes.set(agentId, { ...mailbox, unread: mailbox.unread + 1 })
  }

  async #readOutcomes(
    keys: readonly { readonly scope: string; readonly key: string }[],
    connection: Connection,
  ): Promise<void> {
    if (keys.length === 0) return
    for (const { scope, key } of keys) this.#outcomes.set(keyOf(scope, key), undefined)
    const lists = { scopes: keys.map(({ scope }) => scope), keys: keys.map(({ key }) => key) }
    const { rows } = await connection.send(statement(OUTCOMES, lists))
    for (const row of rows) this.#outcomes.set(keyOf(row.scope, row.key), row)
  }

  async #readAddressees(agents: readonly string[], connection: Connection): Promise<void> {
    if (agents.length === 0) return
    for (const agent of agents) {
      this.#mailboxes.set(agent, undefined)
      this.#lastSessions.set(agent, undefined)
    }
    const read = (text: string) => connection.send(statement(text, { agents }))
    const [mailboxes, sessions] = await Promise.all([read(MAILBOXES), read(SESSIONS)])
    for (const row of mailboxes.rows) this.#mailboxes.set(row.agent_id, row)
    for (const row of sessions.rows) this.#lastSessions.set(row.agent_id, row)
  }
}

function answerFrom<Row>(
  known: ReadonlyMap<string, Row>,
  key: string,
): { readonly answer: Row | undefined } | undefined {
  return known.has(key) ? { answer: known.get(key) } : undefined
}

function addresseeOf(command: Submission['command']): string | undefined {
  return command.op === 'message.post' ? command.input.to_agent : undefined
}
