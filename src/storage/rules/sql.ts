// The port between the rules and an engine. A rule is a generator: it yields one statement at a time, by name, and gets
// the answer. So a rule works with an engine that answers at once, as SQLite does, and with one that answers later. Each
// engine has its own statements' texts (`sqlite/statements.ts`).

import type { Statements } from './statements.js'

export type StatementName = keyof Statements & string
export type InputOf<N extends StatementName> = Statements[N]['input']
export type RowOf<N extends StatementName> = Statements[N]['row']

/**
 * `one`: the first row, if any. `all`: every row, or an ArcError `answer_too_large`. `page`: the first rows that one answer
 * may hold. `run`: the effect of a write.
 */
export type Ask = readonly [how: 'one' | 'all' | 'page' | 'run', statement: StatementName, input: unknown]

export interface Written {
  /** Rows inserted, changed or deleted. */
  readonly changes: number
  /** The id of a row that was inserted. */
  readonly id: number
}

/** Rows that fit into one answer. `isWhole` is false if there are more. */
export interface Rows<Row> {
  readonly rows: Row[]
  readonly isWhole: boolean
}

/** Runs statements by name. */
export interface Engine<Later extends 'at once' | 'later' = 'at once'> {
  answer(ask: Ask): Later extends 'later' ? Promise<unknown> : unknown
}

export type Rule<T> = Generator<Ask, T, unknown>

export function* one<N extends StatementName>(name: N, input: InputOf<N>): Rule<RowOf<N> | undefined> {
  return (yield ['one', name, input]) as RowOf<N> | undefined
}

/** @throws ArcError `answer_too_large` */
export function* all<N extends StatementName>(name: N, input: InputOf<N>): Rule<RowOf<N>[]> {
  return (yield ['all', name, input]) as RowOf<N>[]
}

export function* page<N extends StatementName>(name: N, input: InputOf<N>): Rule<Rows<RowOf<N>>> {
  return (yield ['page', name, input]) as Rows<RowOf<N>>
}

export function* run<N extends StatementName>(name: N, input: InputOf<N>): Rule<Written> {
  return (yield ['run', name, input]) as Written
}

/** Runs a rule to its end on an engine that answers at once. */
export function follow<T>(rule: Rule<T>, engine: Engine): T {
  let step = rule.next()
  while (!step.done) step = rule.next(engine.answer(step.value))
  return step.value
}

/** Runs a rule to its end on an engine that answers later. */
export async function followLater<T>(rule: Rule<T>, engine: Engine<'later'>): Promise<T> {
  let step = rule.next()
  while (!step.done) step = rule.next(await engine.answer(step.value))
  return step.value
}
