// SQLite as an engine of the rules. It prepares each statement at its first use, and answers at once.

import type { Database, Statement } from 'better-sqlite3'
import { allOf, firstOf } from '../rules/bounded.js'
import type { Ask, Engine, Written } from '../rules/sql.js'
import type { StatementText } from './statement-text.js'
import { STATEMENTS } from './statements.js'

interface Prepared {
  readonly statement: Statement<unknown[], object>
  /** Gives the values by position, for a statement that has its parameters so. */
  readonly bind: ((input: unknown) => readonly unknown[]) | undefined
  readonly takesValues: boolean
}

export class SqliteEngine implements Engine {
  readonly #db: Database
  /** By name; by text for a statement whose text depends on the input. */
  readonly #prepared = new Map<string, Prepared>()

  constructor(db: Database) {
    this.#db = db
  }

  answer([how, name, input]: Ask): unknown {
    const prepared = this.#prepared.get(name)
    if (prepared) return execute(how, prepared, input)
    const known = STATEMENTS[name] as StatementText<unknown>
    if (typeof known !== 'function') return execute(how, this.#prepare(name, known), input)
    const { text, values } = known(input)
    return execute(how, this.#prepared.get(text) ?? this.#prepare(text, text), values)
  }

  #prepare(key: string, known: Exclude<StatementText<unknown>, (input: unknown) => unknown>): Prepared {
    const { text, bind } = typeof known === 'string' ? { text: known, bind: undefined } : known
    const statement = this.#db.prepare<unknown[], object>(text)
    const prepared = { statement, bind, takesValues: bind !== undefined || text.includes('@') }
    this.#prepared.set(key, prepared)
    return prepared
  }
}

function execute(how: Ask[0], { statement, bind, takesValues }: Prepared, input: unknown): unknown {
  const values = bind ? bind(input) : input
  switch (how) {
    case 'one':
      return takesValues ? statement.get(values) : statement.get()
    case 'all':
      return allOf(takesValues ? statement.iterate(values) : statement.iterate())
    case 'page':
      return firstOf(takesValues ? statement.iterate(values) : statement.iterate())
    case 'run': {
      const { changes, lastInsertRowid } = takesValues ? statement.run(values) : statement.run()
      return { changes, id: Number(lastInsertRowid) } satisfies Written
    }
  }
}
