// Where each harness keeps its hooks, its MCP servers and what its model may do unasked, and what Arc writes there. Programs are
// named by absolute paths, since a harness has a PATH of its own.

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parse } from 'jsonc-parser'
import { homeFolder } from '../home.js'
import type { Edit, Settings } from './configuration.js'
import { EDIT_MATCHER } from './edits.js'
import { CLAUDE_MOMENTS, HARNESS_NAMES } from './harness.js'
import { claudeHooks, type HttpHooks } from './http-hooks.js'
import type { Table } from './toml.js'
import { WATCH_HOURS, WATCH_PROGRAM } from './watcher.js'

/** What `arc setup` knows: the harnesses with hooks, and opencode, which loads a plugin. */
export const SETUP_NAMES = [...HARNESS_NAMES, 'opencode'] as const
export type SetupName = (typeof SETUP_NAMES)[number]

/** The files of Arc that a harness is told to run or load. */
export interface Program {
  readonly node: string
  readonly main: string
  readonly hook: string
  /** The plugin of opencode. */
  readonly plugin: string
}

/** A file of a harness, and what Arc writes there. */
export type Place = { readonly file: string } & (
  | { readonly json: Settings }
  | { readonly toml: Table }
  /** The whole file is Arc's. */
  | { readonly own: string }
)

export interface Options {
  readonly program: Program
  /** The folder of a project. Absent: for the user. */
  readonly project?: string | undefined
  /** The model may use Arc's tools without asking the person each time. */
  readonly permissions: boolean
  /** Edits of files that another agent holds are refused, where the harness allows it safely. */
  readonly refuseHeldEdits?: boolean | undefined
  /** Idle models are woken for what is addressed to their agents, where the harness allows it. */
  readonly wake?: boolean | undefined
  /** Claude Code calls this hub itself where it can, without a process. */
  readonly httpHooks?: HttpHooks | undefined
}

/** Elsewhere a hook that can't run would stop the tool, or nothing is known of it. */
export const REFUSING_HARNESSES: readonly SetupName[] = ['claude', 'codex', 'gemini', 'qwen', 'opencode']
/** The others take no prompt from outside. */
export const WAKING_HARNESSES: readonly SetupName[] = ['claude', 'codex', 'qwen', 'copilot', 'opencode']

export interface SetupFacts {
  /** The commands by which a person starts it. */
  readonly commands: readonly string[]
  /** The folder that it makes at its first start. */
  home(): string
  places(options: Options): readonly Place[]
  /** What the person has to do once. */
  readonly remains: string
  /** What to know of its tools, with the permission or without. */
  readonly asks?: (permissions: boolean) => string | undefined
}

const home = (variable: string, ...path: string[]) => process.env[variable] || join(homeFolder(), ...path)

/** For harnesses that give a hook's command to a shell. */
function commandOf({ node, hook }: Program, harness: string): string {
  const quote =
    process.platform === 'win32'
      ? (word: string) => `"${word}"`
      : (word: string) => `'${word.replaceAll("'", "'\\''")}'`
  return `${quote(node)} ${quote(hook)} ${harness}`
}

const wakeWord = (wake = false) => (wake ? ' --wake' : '')

const HOOK_MARK = 'hook.cjs'
export const isOurHook = (text: string) => text.includes(HOOK_MARK)
/** A server named `arc` is ours if it runs `arc mcp`, by whatever path. */
function isOurServer(text: string): boolean {
  const { command, args = [] } = (parse(text) ?? {}) as { command?: unknown; args?: unknown }
  const words = [command, args].flat().map(String)
  return words.includes('mcp') && words.some((word) => /(^|[\\/])(main\.cjs|arc(\.cmd|\.exe)?)$/.test(word))
}

const hooks = (events: readonly string[], value: (event: string) => object): Edit[] =>
  events.map((event) => ({ path: ['hooks', event] as const, value: value(event), isOurs: isOurHook }))

const server = (value: object, list = 'mcpServers'): Edit => ({
  path: [list],
  name: 'arc',
  value,
  isOurs: isOurServer,
})

/** An element of a list of what is allowed. */
const allowed = (path: Edit['path'], value: string): Edit => ({
  path,
  value,
  isOurs: (text) => text === JSON.stringify(value),
})

const json = (
  file: string,
  edits: readonly Edit[],
  beside: Settings['beside'] = {},
  gone?: readonly Edit[],
): Place => ({ file, json: { beside, edits, gone } })

const CLAUDE_LIKE = Object.keys(CLAUDE_MOMENTS)

/**
 * Claude Code's way to wake a model: a stop hook in the background that ends with 2. A hook that can't start, or fails, would wake
 * it again and again (its issue 96148), so a shell makes sure that nothing but a watcher's own 2 gets through.
 */
const watching = ({ wake, program: { node, hook } }: Options): Edit[] => {
  const script = '[ -x "$1" ] && [ -f "$2" ] || exit 0; "$1" "$2" claude; [ $? -eq 2 ] && exit 2; exit 0'
  const handler = {
    type: 'command',
    command: '/bin/sh',
    args: ['-c', script, 'sh', node, join(dirname(hook), WATCH_PROGRAM)],
    asyncRewake: true,
    timeout: WATCH_SEC,
  }
  if (!wake || process.platform === 'win32') return []
  const isOurs = (text: string) => text.includes(WATCH_PROGRAM)
  return [{ path: ['hooks', 'Stop'], value: { hooks: [handler] }, isOurs }]
}
/** A watcher ends by itself before. */
const WATCH_SEC = WATCH_HOURS * 3_600 + 60

/** The handler of the harnesses that count its time in milliseconds. */
const inMilliseconds = ({ program, wake }: Options, harness: string) => ({
  type: 'command',
  name: 'arc',
  command: commandOf(program, harness) + wakeWord(wake),
  timeout: 10_000,
})

/** The hook before an edit, if edits are to be refused. It is asked before edit tools alone. */
const refusing = ({ refuseHeldEdits }: Options, event: string, handler: object): Edit[] =>
  hooks(refuseHeldEdits ? [event] : [], () => ({ matcher: EDIT_MATCHER, hooks: [handler] }))
const RESTART = 'start it again, so that it reads its configuration'

export const FACTS: Readonly<Record<SetupName, SetupFacts>> = {
  claude: {
    commands: ['claude'],
    home: () => home('CLAUDE_CONFIG_DIR', '.claude'),
    places: (options) => {
      const { program, project, permissions } = options
      const { node, hook, main } = program
      const folder = project === undefined ? home('CLAUDE_CONFIG_DIR', '.claude') : join(project, '.claude')
      // Its own state file holds the user's servers; with CLAUDE_CONFIG_DIR it lies in that folder.
      const state = join(process.env.CLAUDE_CONFIG_DIR || homeFolder(), '.claude.json')
      const handler = { type: 'command', command: node, args: [hook, 'claude'], timeout: 10 }
      const { edits, gone } = claudeHooks(handler, options.httpHooks, isOurHook)
      const entries = [...edits, ...refusing(options, 'PreToolUse', handler), ...watching(options)]
      if (permissions) entries.push(allowed(['permissions', 'allow'], 'mcp__arc__*'))
      if (permissions && project !== undefined) entries.push(allowed(['enabledMcpjsonServers'], 'arc'))
      const settings = project === undefined ? 'settings.json' : 'settings.local.json'
      return [
        json(join(folder, settings), entries, {}, gone),
        json(project === undefined ? state : join(project, '.mcp.json'), [
          // Without `alwaysLoad` the model sees a tool only after it has searched for it.
          server({ type: 'stdio', command: node, args: [main, 'mcp'], alwaysLoad: true }),
        ]),
      ]
    },
    remains: `${RESTART}; it asks once whether it may use the server of a project`,
  },
  codex: {
    commands: ['codex'],
    home: () => home('CODEX_HOME', '.codex'),
    places: (options) => {
      const { program, project, permissions } = options
      const folder = project === undefined ? home('CODEX_HOME', '.codex') : join(project, '.codex')
      const command = commandOf(program, 'codex') + wakeWord(options.wake)
      const handler = { type: 'command', command, timeout: 10 }
      // It takes 3 s at most for SessionEnd, and warns at each start if more is asked.
      const timeoutOf = (event: string) => ({ timeout: event === 'SessionEnd' ? 3 : 10 })
      const entries = [
        ...hooks(CLAUDE_LIKE, (event) => ({ hooks: [{ ...handler, ...timeoutOf(event) }] })),
        ...refusing(options, 'PreToolUse', handler),
      ]
      const value = {
        command: program.node,
        args: [program.main, 'mcp'],
        env_vars: ['ARC_BASE_URL', 'XDG_STATE_HOME'], // else the server gets next to no environment
        ...(permissions && { default_tools_approval_mode: 'approve' }),
      }
      const isOurs = (given: unknown) => isOurServer(JSON.stringify(given))
      return [
        json(join(folder, 'hooks.json'), entries),
        { file: join(folder, 'config.toml'), toml: { path: ['mcp_servers', 'arc'], value, isOurs } },
      ]
    },
    remains: 'start it, type /hooks, and approve the entries of Arc: until then it skips them without a word',
  },
  gemini: {
    commands: ['gemini'],
    home: () => join(homeFolder(), '.gemini'),
    places: (options) => {
      const { program, project, permissions } = options
      const handler = inMilliseconds({ ...options, wake: false }, 'gemini')
      const value = {
        command: program.node,
        args: [program.main, 'mcp'],
        ...(permissions && { trust: true }),
      }
      return [
        json(join(project ?? homeFolder(), '.gemini', 'settings.json'), [
          ...hooks(['SessionStart', 'BeforeAgent', 'AfterTool', 'AfterAgent', 'SessionEnd'], (event) => ({
            ...(event === 'AfterTool' && { matcher: '*' }),
            hooks: [handler],
          })),
          ...refusing(options, 'BeforeTool', handler),
          server(value),
        ]),
      ]
    },
    remains: `${RESTART}; hooks and servers of a project need its folder to be trusted`,
    asks: (permissions) =>
      permissions ? undefined : 'without --permissions, `gemini -p` offers its model none of the tools',
  },
  qwen: {
    commands: ['qwen'],
    home: () => join(homeFolder(), '.qwen'),
    places: (options) => {
      const { program, project, permissions } = options
      const handler = inMilliseconds(options, 'qwen')
      const value = {
        command: program.node,
        args: [program.main, 'mcp'],
        ...(permissions && { trust: true }),
      }
      return [
        json(join(project ?? homeFolder(), '.qwen', 'settings.json'), [
          ...hooks(CLAUDE_LIKE, (event) => ({
            ...(event === 'PostToolUse' && { matcher: '*' }),
            hooks: [handler],
          })),
          ...refusing(options, 'PreToolUse', handler),
          // Without `alwaysLoadTools` the model sees a tool only after it has searched for it.
          server({ ...value, alwaysLoadTools: true }),
        ]),
      ]
    },
    remains: RESTART,
  },
  copilot: {
    commands: ['copilot'],
    home: () => home('COPILOT_HOME', '.copilot'),
    places: ({ program: { node, hook, main }, project, wake }) => {
      const folder = project === undefined ? home('COPILOT_HOME', '.copilot') : join(project, '.github')
      const events = ['sessionStart', 'userPromptSubmitted', 'postToolUse', 'agentStop', 'sessionEnd']
      const entries = hooks(events, (event) => ({
        type: 'command',
        exec: node,
        args: [hook, 'copilot', event, ...(wake ? ['--wake'] : [])],
        timeoutSec: 10,
      }))
      return [
        json(join(folder, 'hooks', 'arc.json'), entries, { version: 1 }),
        json(join(folder, project === undefined ? 'mcp-config.json' : 'mcp.json'), [
          server({ type: 'local', command: node, args: [main, 'mcp'], tools: ['*'] }),
        ]),
      ]
    },
    remains: `${RESTART}; hooks and servers of a project need its folder to be trusted`,
    asks: () =>
      'Arc writes no permission for it: start it with --allow-tool=arc, or allow the tools when it asks',
  },
  cursor: {
    commands: ['cursor', 'cursor-agent'],
    home: () => join(homeFolder(), '.cursor'),
    places: ({ program, project }) => {
      const folder = join(project ?? homeFolder(), '.cursor')
      const entries = hooks(['sessionStart', 'postToolUse', 'stop', 'sessionEnd'], () => ({
        command: commandOf(program, 'cursor'),
        timeout: 10,
      }))
      return [
        json(join(folder, 'hooks.json'), entries, { version: 1 }),
        json(join(folder, 'mcp.json'), [server({ command: program.node, args: [program.main, 'mcp'] })]),
      ]
    },
    remains: 'turn the server on in its settings, under MCP; it reads its hooks when the file is saved',
    asks: () => 'Arc writes no permission for it: allow the tools when it asks',
  },
  opencode: {
    commands: ['opencode'],
    home: () => join(home('XDG_CONFIG_HOME', '.config'), 'opencode'),
    places: ({ program, project, wake, refuseHeldEdits }) => {
      const user = join(home('XDG_CONFIG_HOME', '.config'), 'opencode')
      const folder = project ?? user
      const withComments = join(folder, 'opencode.jsonc')
      const plugins = project === undefined ? user : join(project, '.opencode')
      return [
        {
          file: join(plugins, 'plugins', 'arc.js'),
          own: pluginText(program.plugin, { wake, refuseHeldEdits }),
        },
        json(existsSync(withComments) ? withComments : join(folder, 'opencode.json'), [
          server({ type: 'local', command: [program.node, program.main, 'mcp'], enabled: true }, 'mcp'),
        ]),
      ]
    },
    remains: RESTART,
  },
}

/** If Arc is gone, the plugin does nothing. */
function pluginText(plugin: string, wishes: Pick<Options, 'wake' | 'refuseHeldEdits'>): string {
  const words = (['wake', 'refuseHeldEdits'] as const).filter((name) => wishes[name])
  const given = words.length === 0 ? '' : `, { ${words.map((name) => `${name}: true`).join(', ')} }`
  return `// Written by \`arc setup\`: hands the messages of other agents to the model. \`arc setup opencode --undo\` removes it.
let plugin = async () => ({})
try {
  const { Arc } = await import(${JSON.stringify(pathToFileURL(plugin).href)})
  plugin = (given) => Arc(given${given})
} catch {}
export const Arc = plugin
`
}
