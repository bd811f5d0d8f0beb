// How the text of a statement takes its input, and how it becomes one that PostgreSQL takes.

import type { Statements } from '../rules/statements.js'

/** A text whose parameters have the names of the input's members. Or a text that depends on the input, with its values. */
export type StatementText<Input> =
  | string
  | ((input: Input) => { readonly text: string; readonly values: object })

export type Texts = { readonly [N in keyof Statements]: StatementText<Statements[N]['input']> }

/** The database's time in epoch milliseconds. */
export const NOW_MS = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

/** A lease is active at the time that follows. */
export const ACTIVE_LEASE = 'released_at IS NULL AND expires_at >='

/** The conditions that apply, as a WHERE clause; empty if none does. */
export function where(...conditions: (string | false)[]): string {
  const those = conditions.filter((condition) => condition !== false)
  return those.length > 0 ? `WHERE ${those.join(' AND ')}` : ''
}

/** A statement with its parameters by position. */
interface Numbered {
  /** Names the prepared statement of a connection. */
  readonly name: string
  readonly text: string
  /** The members of the input that are the parameters, in order. */
  readonly members: readonly string[]
}

const numbered = new Map<string, Numbered>()

/** Numbers the parameters `@member` of a text. `::type` is no parameter. */
function number(text: string): Numbered {
  const known = numbered.get(text)
  if (known) return known
  const members: string[] = []
  const sql = text.replaceAll(/@(\w+)/g, (_, member: string) => {
    if (!members.includes(member)) members.push(member)
    return `$${members.indexOf(member) + 1}`
  })
  const made = { name: `arc_${numbered.size}`, text: sql, members }
  numbered.set(text, made)
  return made
}

/** PostgreSQL's text has no NUL. This character, which no text means, stands for it, and doubled for itself. */
const ESCAPE = '\uFDD0'
const NUL = `${ESCAPE}0`
const ITSELF = `${ESCAPE}1`

/** A value as PostgreSQL stores it. */
export function stored(value: unknown): unknown {
  if (typeof value === 'string') {
    if (!value.includes('\0') && !value.includes(ESCAPE)) return value
    return value.replaceAll(ESCAPE, ITSELF).replaceAll('\0', NUL)
  }
  return Array.isArray(value) ? value.map(stored) : value
}

/** A stored text as it was given. */
export function given(text: string): string {
  return text.includes(ESCAPE) ? text.replaceAll(NUL, '\0').replaceAll(ITSELF, ESCAPE) : text
}

/** A statement with its values, ready to be sent. */
export interface Statement {
  /** Names the prepared statement of a connection. */
  readonly name: string
  readonly text: string
  readonly values: unknown[]
}

/** A statement whose parameters have the names of the input's members. */
export function statement(text: string, input: object): Statement {
  const { members, ...numbered } = number(text)
  const values = members.map((member) => stored((input as Record<string, unknown>)[member]))
  return { ...numbered, values }
}
