// What is proved of a program: the columns of the table, and the cells.

export interface Proof {
  readonly name: (typeof NAMES)[number]
  readonly passed: boolean
  /** What the table says. */
  readonly what: string
}

/** The columns of the table. */
export const NAMES = [
  'before its start',
  'while a tool runs',
  'while it writes the last answer',
  "Arc's tools",
  'it ends',
  'it is killed',
  'it is idle',
  'it edits a held file',
  'with `--refuse-held-edits`',
] as const
