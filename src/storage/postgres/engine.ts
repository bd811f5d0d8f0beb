// PostgreSQL as an engine of the rules: it sends one statement, and answers when its rows have come. Its connections
// prepare each statement at its first use.

import { allOf, firstOf } from '../rules/bounded.js'
import type { Ask, Engine, Rows, Written } from '../rules/sql.js'
import type { Connection } from './connection.js'
import { type Statement, type StatementText, statement } from './statement-text.js'
import { STATEMENTS } from './statements.js'

/** The result of a statement, as the driver gives it. */
interface Result {
  readonly rows: object[]
  readonly rowCount: number | null
}

export class PostgresEngine implements Engine<'later'> {
  readonly #connection: () => Promise<Connection>

  constructor(connection: () => Promise<Connection>) {
    this.#connection = connection
  }

  async answer([how, name, input]: Ask): Promise<unknown> {
    const connection = await this.#connection()
    return answerOf(how, await connection.send(statementFor(name, input)))
  }
}

/** The statement of that name, for this input. */
export function statementFor(name: Ask[1], input: unknown): Statement {
  const known = STATEMENTS[name] as StatementText<unknown>
  return typeof known === 'string' ? statement(known, input as object) : statementOf(known(input))
}

const statementOf = ({ text, values }: { text: string; values: object }) => statement(text, values)

export function answerOf(
  how: Ask[0],
  { rows, rowCount }: Result,
): object | object[] | Rows<object> | undefined {
  switch (how) {
    case 'one':
      return rows[0]
    case 'all':
      return allOf(rows)
    case 'page':
      return firstOf(rows)
    case 'run': {
      const id = (rows[0] as { id?: number } | undefined)?.id ?? 0
      return { changes: rowCount ?? 0, id } satisfies Written
    }
  }
}
