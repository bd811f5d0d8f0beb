// Who calls: the program, as it names itself in its handshake, and its session, by the environment or by what comes with a call.
// With the session the server finds the agent that a hook of it has named before.

import { processSession } from '../harness-process.js'

export interface Caller {
  /** The program in a word, such as `claude`. */
  readonly harness: string
  /** The session by which the hooks of the program remember their agent. */
  readonly session: string | undefined
}

const HARNESSES = ['claude', 'codex', 'gemini', 'qwen', 'copilot', 'cursor', 'opencode']
const SESSION_VARIABLES: Readonly<Record<string, string>> = {
  claude: 'CLAUDE_CODE_SESSION_ID',
  qwen: 'QWEN_CODE_SESSION_ID',
  copilot: 'COPILOT_AGENT_SESSION_ID',
}
const MAX_WORD = 40

/** @param meta the `_meta` of the call */
export function callerOf(clientName: string, meta: Readonly<Record<string, unknown>> = {}): Caller {
  const name = clientName.toLowerCase()
  const harness = HARNESSES.find((known) => name.includes(known)) ?? wordOf(name)
  // A program that another one has started inherits the other's environment, so a variable counts only for its own program.
  const variable = SESSION_VARIABLES[harness]
  const session = variable === undefined ? undefined : process.env[variable]
  return { harness, session: session || sessionIn(meta) || processSession() }
}

function sessionIn(meta: Readonly<Record<string, unknown>>): string | undefined {
  const turn = meta['x-codex-turn-metadata']
  const ofTurn = typeof turn === 'object' && turn !== null && 'session_id' in turn && turn.session_id
  return [ofTurn, meta.sessionId].find((id): id is string => typeof id === 'string' && id !== '')
}

function wordOf(name: string): string {
  const word = name.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')
  return word.slice(0, MAX_WORD) || 'agent'
}
