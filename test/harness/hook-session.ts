// Sessions of each harness, with payloads as it sends them, and with answers as it takes them.

import { mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Test } from 'tap'
import { ownFolder } from '../support/folder.js'
import { type HookCall, type HookEnd, runHook } from './hook-process.js'

let sessions = 0

interface Shapes {
  readonly args: readonly string[]
  /** The harness's own names. */
  readonly events: Readonly<Record<'start' | 'prompt' | 'tool' | 'stop' | 'end', string>>
  /** Where the text stands in the answer. */
  readonly textOf: (answer: Record<string, never>, moment: string) => unknown
  readonly payload: (event: string, session: string, cwd: string) => object
}

const snake =
  (more: object = {}) =>
  (event: string, session: string, cwd: string) => ({
    session_id: session,
    transcript_path: '/nowhere/session.jsonl',
    cwd,
    hook_event_name: event,
    ...more,
  })
const inContext = (answer: Record<string, never>) =>
  (answer.hookSpecificOutput as { additionalContext: string } | undefined)?.additionalContext
const CLAUDE_LIKE = {
  start: 'SessionStart',
  prompt: 'UserPromptSubmit',
  tool: 'PostToolUse',
  stop: 'Stop',
  end: 'SessionEnd',
}

export const HARNESSES: Readonly<Record<string, Shapes>> = {
  claude: {
    args: ['claude'],
    events: { ...CLAUDE_LIKE, tool: 'PostToolBatch' },
    textOf: inContext,
    payload: snake({ permission_mode: 'default', prompt_id: '433d69f0', tool_calls: [] }),
  },
  codex: {
    args: ['codex'],
    events: CLAUDE_LIKE,
    textOf: (answer, moment) =>
      moment === 'stop' ? answer.decision === 'block' && answer.reason : inContext(answer),
    payload: snake({ turn_id: '01a21afa', model: 'gpt-5.4', permission_mode: 'bypassPermissions' }),
  },
  gemini: {
    args: ['gemini'],
    events: {
      start: 'SessionStart',
      prompt: 'BeforeAgent',
      tool: 'AfterTool',
      stop: 'AfterAgent',
      end: 'SessionEnd',
    },
    textOf: (answer, moment) =>
      moment === 'stop' ? answer.decision === 'deny' && answer.reason : inContext(answer),
    payload: snake({ timestamp: '2026-11-27T03:09:14.510Z' }),
  },
  qwen: {
    args: ['qwen'],
    events: CLAUDE_LIKE,
    textOf: (answer, moment) =>
      moment === 'stop' ? answer.decision === 'block' && answer.reason : inContext(answer),
    payload: snake({ timestamp: '2026-11-27T03:09:17.600Z', permission_mode: 'yolo' }),
  },
  'copilot, PascalCase': {
    args: ['copilot'],
    events: CLAUDE_LIKE,
    textOf: (answer, moment) =>
      moment === 'stop' ? answer.decision === 'block' && answer.reason : answer.additionalContext,
    payload: snake({ timestamp: '2026-11-27T03:09:24.481Z' }),
  },
  'copilot, camelCase': {
    args: ['copilot'],
    events: {
      start: 'sessionStart',
      prompt: 'userPromptSubmitted',
      tool: 'postToolUse',
      stop: 'agentStop',
      end: 'sessionEnd',
    },
    textOf: (answer, moment) =>
      moment === 'stop' ? answer.decision === 'block' && answer.reason : answer.additionalContext,
    payload: (_event, sessionId, cwd) => ({ sessionId, timestamp: 1_795_748_961_359, cwd }),
  },
}

/** A session of a harness, which calls its hook. */
export class HookSession {
  readonly name: string
  readonly folder: string
  readonly #shapes: Shapes
  readonly id = `session-${++sessions}-${process.pid}`
  readonly env: Record<string, string>

  constructor(t: Test, url: string, name: string, env: Record<string, string> = {}) {
    this.name = name
    this.#shapes = HARNESSES[name] as Shapes
    this.folder = join(ownFolder(t), `Project ${sessions}`)
    mkdirSync(this.folder)
    this.env = { ARC_BASE_URL: url, XDG_STATE_HOME: ownFolder(t), ...env }
  }

  /** The id of an agent that nobody names. */
  get agentId(): string {
    return `${this.#shapes.args[0]}-${basename(this.folder).toLowerCase().replace(' ', '-')}`
  }

  call(moment: keyof Shapes['events'], more: object = {}, how: Partial<HookCall> = {}): Promise<HookEnd> {
    const event = this.#shapes.events[moment]
    const payload = { ...this.#shapes.payload(event, this.id, this.folder), ...more }
    const isNamed = 'hook_event_name' in payload
    const args = [...this.#shapes.args, ...(isNamed ? [] : [event])]
    return runHook({
      payload,
      ...how,
      args: [...args, ...(how.args ?? [])],
      env: { ...this.env, ...how.env },
    })
  }

  /** The text that a call hands to the model; undefined if it says nothing. */
  async told(t: Test, moment: keyof Shapes['events'], more: object = {}, how: Partial<HookCall> = {}) {
    const { code, stdout, stderr } = await this.call(moment, more, how)
    t.strictSame([code, stderr], [0, ''])
    if (stdout === '') return undefined
    const text = this.#shapes.textOf(JSON.parse(stdout), moment)
    t.type(text, 'string', `${this.name} ${moment}: ${stdout}`)
    return text as string
  }
}
