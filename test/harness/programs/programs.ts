// The real programs: where npm has them, and how each is set up in a home of its own with a scripted model and Arc's hook. They
// may call home, so they run only in a network namespace with loopback alone.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface Place {
  /** The folder in which npm has installed the program. */
  readonly installed: string
  readonly home: string
  readonly work: string
  readonly modelPort: number
  /** Program and arguments of the hook, to which an event may be added. */
  readonly hook: readonly [program: string, ...args: string[]]
}

export interface Program {
  readonly harness: 'claude' | 'codex' | 'gemini' | 'qwen' | 'copilot'
  readonly packageName: string
  readonly version: string
  /** Writes the program's configuration; returns its command and environment. */
  setUp(place: Place): { readonly command: readonly string[]; readonly env: Readonly<Record<string, string>> }
}

const PROMPT = 'Say hello.'
const EVENTS = ['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'Stop', 'SessionEnd']

function write(path: string, content: object | string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 1))
}

const each = (events: readonly string[], entry: (event: string) => object) =>
  Object.fromEntries(events.map((event) => [event, [entry(event)]]))

const urlOf = ({ modelPort }: Place) => `http://127.0.0.1:${modelPort}`

export const PROGRAMS: readonly Program[] = [
  {
    harness: 'codex',
    packageName: '@openai/codex',
    version: '0.171.0',
    setUp(place) {
      const { home, work, hook, installed } = place
      write(
        join(home, '.codex/config.toml'),
        `model = "gpt-5.4"
model_provider = "scripted"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
[model_providers.scripted]
name = "scripted"
base_url = "${urlOf(place)}/v1"
wire_api = "responses"
env_key = "SCRIPTED_KEY"
request_max_retries = 0
stream_max_retries = 0
[analytics]
enabled = false
[features]
plugins = false
[feedback]
enabled = false
[projects."${work}"]
trust_level = "trusted"
`,
      )
      const command = hook.map((word) => `'${word}'`).join(' ')
      const hooks = each(EVENTS, (event) => ({
        hooks: [{ type: 'command', command, timeout: event === 'SessionEnd' ? 3 : 10 }],
      }))
      write(join(home, '.codex/hooks.json'), { hooks })
      const program = join(installed, 'node_modules/.bin/codex')
      const flags = ['exec', '--skip-git-repo-check', '--dangerously-bypass-hook-trust']
      return { command: [program, ...flags, PROMPT], env: { SCRIPTED_KEY: 'dummy' } }
    },
  },
  {
    harness: 'claude',
    packageName: '@anthropic-ai/claude-code',
    version: '2.1.332',
    setUp(place) {
      const { home, work, hook, installed } = place
      const [command, ...args] = hook
      const events = ['SessionStart', 'UserPromptSubmit', 'PostToolBatch', 'Stop', 'SessionEnd']
      const hooks = each(events, () => ({ hooks: [{ type: 'command', command, args, timeout: 10 }] }))
      write(join(home, '.claude/settings.json'), { hooks, permissions: { allow: ['Bash'] } })
      const key = 'sk-ant-scripted-dummy-key-0000'
      write(join(home, '.claude.json'), {
        hasCompletedOnboarding: true,
        autoUpdates: false,
        customApiKeyResponses: { approved: [key.slice(-20)], rejected: [] },
        projects: { [work]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
      })
      const env = {
        ANTHROPIC_API_KEY: key,
        ANTHROPIC_BASE_URL: urlOf(place),
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_TELEMETRY: '1',
        DISABLE_ERROR_REPORTING: '1',
        DISABLE_AUTOUPDATER: '1',
      }
      const program = join(installed, 'node_modules/@anthropic-ai/claude-code-linux-x64/claude')
      return { command: [program, '-p', '--allowedTools', 'Bash', '--', PROMPT], env }
    },
  },
  {
    harness: 'gemini',
    packageName: '@google/gemini-cli',
    version: '0.61.0',
    setUp(place) {
      const { home, hook, installed } = place
      const command = hook.join(' ')
      const events = ['SessionStart', 'BeforeAgent', 'AfterTool', 'AfterAgent', 'SessionEnd']
      const hooks = each(events, (event) => ({
        ...(event === 'AfterTool' && { matcher: '*' }),
        hooks: [{ type: 'command', name: `arc-${event}`, command, timeout: 10_000 }],
      }))
      write(join(home, '.gemini/settings.json'), {
        security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
        general: { enableAutoUpdate: false, disableAutoUpdate: true, disableUpdateNag: true },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
        hooks,
      })
      const env = {
        GEMINI_API_KEY: 'dummy',
        GOOGLE_GEMINI_BASE_URL: urlOf(place),
        GEMINI_TELEMETRY_ENABLED: 'false',
      }
      const program = join(installed, 'node_modules/.bin/gemini')
      return { command: [program, '--yolo', '-m', 'gemini-2.5-flash', '-p', PROMPT], env }
    },
  },
  {
    harness: 'qwen',
    packageName: '@qwen-code/qwen-code',
    version: '0.24.4',
    setUp(place) {
      const { home, hook, installed } = place
      const command = hook.join(' ')
      const hooks = each(EVENTS, (event) => ({
        ...(event === 'PostToolUse' && { matcher: '*' }),
        hooks: [{ type: 'command', name: `arc-${event}`, command, timeout: 10_000 }],
      }))
      write(join(home, '.qwen/settings.json'), {
        security: { auth: { selectedType: 'openai' }, folderTrust: { enabled: false } },
        general: { enableAutoUpdate: false, disableAutoUpdate: true, disableUpdateNag: true },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
        hooks,
      })
      const env = {
        OPENAI_API_KEY: 'dummy',
        OPENAI_BASE_URL: `${urlOf(place)}/v1`,
        OPENAI_MODEL: 'lab-model',
        QWEN_TELEMETRY_ENABLED: 'false',
      }
      return { command: [join(installed, 'node_modules/.bin/qwen'), '--yolo', '-p', PROMPT], env }
    },
  },
  {
    harness: 'copilot',
    packageName: '@github/copilot',
    version: '1.0.102',
    setUp(place) {
      const { home, hook, installed } = place
      const [exec, ...args] = hook
      const events = ['sessionStart', 'userPromptSubmitted', 'postToolUse', 'agentStop', 'sessionEnd']
      const hooks = each(events, (event) => ({
        type: 'command',
        exec,
        args: [...args, event],
        timeoutSec: 10,
      }))
      write(join(home, '.copilot/hooks/arc.json'), { version: 1, hooks })
      const env = {
        COPILOT_OFFLINE: 'true',
        COPILOT_AUTO_UPDATE: 'false',
        COPILOT_PROVIDER_BASE_URL: `${urlOf(place)}/v1`,
        COPILOT_PROVIDER_API_KEY: 'dummy',
        COPILOT_PROVIDER_WIRE_API: 'completions',
        COPILOT_MODEL: 'lab-model',
      }
      const program = join(installed, 'node_modules/@github/copilot-linux-x64/copilot')
      const flags = ['--disable-client-telemetry', '--allow-all-tools']
      return { command: [program, ...flags, '-p', PROMPT], env }
    },
  },
]
