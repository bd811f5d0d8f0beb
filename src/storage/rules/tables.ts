// The types of the two tables of rules: one rule for each command, and one for each query.

import type { Commands, Queries } from '../commands.js'
import type { Done, Outcome } from '../outcome.js'
import type { Rule } from './sql.js'
import type { Work } from './work.js'

export type CommandRules = {
  readonly [K in keyof Commands]: (input: Commands[K], work: Work) => Rule<Outcome>
}
export type QueryRules = { readonly [K in keyof Queries]: (input: Queries[K], work: Work) => Rule<Done> }
