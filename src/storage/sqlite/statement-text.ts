// How the text of a statement takes its input.

import type { Statements } from '../rules/statements.js'

/**
 * A text whose parameters have the names of the input's members. Or a text that depends on the input, with its values. Or,
 * for the most frequent statements, a text with parameters by position, which SQLite binds in a third of the time.
 */
export type StatementText<Input> =
  | string
  | ((input: Input) => { readonly text: string; readonly values: object })
  | { readonly text: string; readonly bind: (input: Input) => readonly unknown[] }

export type Texts = { readonly [N in keyof Statements]: StatementText<Statements[N]['input']> }

/** A lease is active at the time that follows. */
export const ACTIVE_LEASE = 'released_at IS NULL AND expires_at >='

/** The conditions that apply, as a WHERE clause; empty if none does. */
export function where(...conditions: (string | false)[]): string {
  const those = conditions.filter((condition) => condition !== false)
  return those.length > 0 ? `WHERE ${those.join(' AND ')}` : ''
}
