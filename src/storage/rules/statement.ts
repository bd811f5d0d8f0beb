// One statement of the rules: its input, and its row.

export interface Statement<Input, Row = never> {
  input: Input
  row: Row
}

export type Nothing = Record<never, never>
