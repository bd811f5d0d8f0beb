// Where each harness keeps its hooks, and what Arc writes there. The program is named by absolute paths, since a harness has a
// PATH of its own.

import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Settings } from './configuration.js'
import { CLAUDE_MOMENTS, type HarnessName } from './harness.js'

export interface Program {
  readonly node: string
  readonly hook: string
}

export interface Place {
  /** For one project, in its folder; else for the user. */
  file(project: string | undefined): string
  settings(program: Program): Settings
  /** What the person has to do once. */
  readonly remains: string
}

const home = (variable: string, ...path: string[]) => process.env[variable] ?? join(homedir(), ...path)

/** For harnesses that give a hook's command to a shell. */
function commandOf({ node, hook }: Program, harness: HarnessName): string {
  const quote =
    process.platform === 'win32'
      ? (word: string) => `"${word}"`
      : (word: string) => `'${word.replaceAll("'", "'\\''")}'`
  return `${quote(node)} ${quote(hook)} ${harness}`
}

const each = (events: readonly string[], value: (event: string) => object) =>
  events.map((event) => ({ list: ['hooks', event] as const, value: value(event) }))

const CLAUDE_LIKE = Object.keys(CLAUDE_MOMENTS)
const RESTART = 'start it again, so that it reads its hooks'

export const PLACES: Readonly<Record<HarnessName, Place>> = {
  claude: {
    file: (project) =>
      project === undefined
        ? join(home('CLAUDE_CONFIG_DIR', '.claude'), 'settings.json')
        : join(project, '.claude', 'settings.local.json'),
    settings: ({ node, hook }) => ({
      beside: {},
      entries: each(['SessionStart', 'UserPromptSubmit', 'PostToolBatch', 'Stop', 'SessionEnd'], () => ({
        hooks: [{ type: 'command', command: node, args: [hook, 'claude'], timeout: 10 }],
      })),
    }),
    remains: RESTART,
  },
  codex: {
    file: (project) =>
      project === undefined
        ? join(home('CODEX_HOME', '.codex'), 'hooks.json')
        : join(project, '.codex', 'hooks.json'),
    settings: (program) => ({
      beside: {},
      entries: each(CLAUDE_LIKE, (event) => ({
        hooks: [
          { type: 'command', command: commandOf(program, 'codex'), timeout: event === 'SessionEnd' ? 3 : 10 },
        ],
      })),
    }),
    remains: 'start it, type /hooks, and approve the entries of Arc: until then it skips them without a word',
  },
  gemini: {
    file: (project) => join(project ?? homedir(), '.gemini', 'settings.json'),
    settings: (program) => ({
      beside: {},
      entries: each(['SessionStart', 'BeforeAgent', 'AfterTool', 'AfterAgent', 'SessionEnd'], (event) => ({
        ...(event === 'AfterTool' && { matcher: '*' }),
        hooks: [{ type: 'command', name: 'arc', command: commandOf(program, 'gemini'), timeout: 10_000 }],
      })),
    }),
    remains: `${RESTART}; hooks of a project need its folder to be trusted`,
  },
  qwen: {
    file: (project) => join(project ?? homedir(), '.qwen', 'settings.json'),
    settings: (program) => ({
      beside: {},
      entries: each(CLAUDE_LIKE, (event) => ({
        ...(event === 'PostToolUse' && { matcher: '*' }),
        hooks: [{ type: 'command', name: 'arc', command: commandOf(program, 'qwen'), timeout: 10_000 }],
      })),
    }),
    remains: RESTART,
  },
  copilot: {
    file: (project) =>
      project === undefined
        ? join(home('COPILOT_HOME', '.copilot'), 'hooks', 'arc.json')
        : join(project, '.github', 'hooks', 'arc.json'),
    settings: ({ node, hook }) => ({
      beside: { version: 1 },
      entries: each(
        ['sessionStart', 'userPromptSubmitted', 'postToolUse', 'agentStop', 'sessionEnd'],
        (event) => ({ type: 'command', exec: node, args: [hook, 'copilot', event], timeoutSec: 10 }),
      ),
    }),
    remains: RESTART,
  },
  cursor: {
    file: (project) => join(project ?? homedir(), '.cursor', 'hooks.json'),
    settings: (program) => ({
      beside: { version: 1 },
      entries: each(['sessionStart', 'postToolUse', 'stop', 'sessionEnd'], () => ({
        command: commandOf(program, 'cursor'),
        timeout: 10,
      })),
    }),
    remains: 'it reads its hooks when the file is saved',
  },
}
