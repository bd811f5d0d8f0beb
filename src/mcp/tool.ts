// What a tool is. Its answer is text alone: some programs show the model only the structured part of an answer, others only the
// text, so there is no structured part.

import { z } from 'zod'
import type { Agent } from './agents.js'

/** The longest wait of a tool. Some programs give up a call after 60 s. */
export const MAX_WAIT_SEC = 50
/** Characters of an answer. Programs cut or spill texts of 8,000 to 10,000. */
export const MAX_TEXT = 6_000

export interface Call {
  readonly agent: Agent
  /** Aborted when the program gives up the call. */
  readonly signal: AbortSignal
}

/** A text, and what is said to the hub when it was handed over, or was not. */
export interface Answer {
  readonly text: string
  written?(): Promise<unknown>
  dropped?(): Promise<unknown>
}

interface Definition<Input extends z.ZodObject> {
  readonly name: `arc_${string}`
  readonly description: string
  readonly input: Input
  readonly isReadOnly?: boolean
  /** The same call again changes nothing. */
  readonly isIdempotent?: boolean
  run(given: z.output<Input>, call: Call): Promise<string | Answer>
}

export type Tool = Definition<z.ZodObject>

export const tool = <Input extends z.ZodObject>(definition: Definition<Input>): Tool => definition as never

export const wait = z.number().min(0).max(MAX_WAIT_SEC)
export const id = z.number().describe('message id')
export const wholeBy = (id: number): string => `arc_message id ${id}`
