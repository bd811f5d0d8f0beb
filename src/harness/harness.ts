// What Arc knows of a harness: the events that it calls a hook for, and the shape of the answers that it takes. One file for
// each harness has the facts; the flow is in `hook.ts`.

export const HARNESS_NAMES = ['claude', 'codex', 'gemini', 'qwen', 'copilot', 'cursor'] as const
export type HarnessName = (typeof HARNESS_NAMES)[number]

/** A moment of a model's work. `edit`: a tool is about to edit. `stop`: it has answered, and would end its turn. */
export type Moment = 'start' | 'prompt' | 'edit' | 'tool' | 'stop' | 'end'

/** What the harness writes to the hook's standard input. */
export type Payload = Readonly<Record<string, unknown>>

export interface Harness {
  readonly name: HarnessName
  /** The moment of each event, by the harness's own names. */
  readonly moments: Readonly<Record<string, Moment>>
  /** The answer that hands a text to the model; before an edit, the one that refuses it. */
  answer(event: string, moment: Moment, text: string): object
  /** An answer that the harness needs even if there is nothing to say. */
  readonly silence?: Readonly<Record<string, object>>
  /** A prompt at which it drops what a hook says. */
  readonly deafAt?: RegExp
  /** The event that tells of edits, where another one tells of those that were refused or failed as well. */
  readonly editsAt?: string
  /** The hook's environment is that of the terminal in which the agent runs. A daemon has one of its own. */
  readonly hasOwnEnvironment: boolean
  /** It tells an MCP server no session, and has one at a time in a process: what its hooks remember is of the process, too. */
  readonly isOneSession?: true
}

/** The answer of the harnesses that follow Claude Code. */
export function inContext(event: string, text: string): object {
  return { hookSpecificOutput: { hookEventName: event, additionalContext: text } }
}

/** The refusal of a tool call, in the same harnesses. */
export function inDenial(event: string, text: string): object {
  const decision = { permissionDecision: 'deny', permissionDecisionReason: text }
  return { hookSpecificOutput: { hookEventName: event, ...decision } }
}

/** The events of the harnesses that follow Claude Code. */
export const CLAUDE_MOMENTS = {
  SessionStart: 'start',
  UserPromptSubmit: 'prompt',
  PostToolUse: 'tool',
  Stop: 'stop',
  SessionEnd: 'end',
} as const satisfies Record<string, Moment>
