// The real programs: where npm has them, and what a person's home has of theirs before `arc setup`: a scripted model, and no more.
// They may call home, so they run only in a network namespace with loopback alone.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { SetupName } from '../../../src/harness/places.js'

export interface Place {
  /** The folder in which npm has installed the program. */
  readonly installed: string
  readonly home: string
  readonly work: string
  readonly modelPort: number
  /** The model has to have a tool that edits. */
  readonly isEditing?: boolean
}

export interface Start {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface Program {
  readonly harness: SetupName
  readonly title: string
  readonly packageName: string
  readonly version: string
  /** The moments at which it takes what other agents have said, as receipts name them. Some start at two moments at once. */
  readonly moments: readonly [start: readonly string[], tool: string, stop?: string]
  /** How it is woken while it is idle in a terminal. Absent: it can't be. */
  readonly wakes?: {
    /** What it shows when it takes a prompt. */
    readonly ready: RegExp
    /** Its command there, from the one without a terminal. */
    readonly command: (start: Start) => readonly string[]
    /** A command in the background wakes it. */
    readonly background?: true
    /** Writes what a person would confirm once. */
    readonly prepare?: (place: Omit<Place, 'modelPort'>) => void
  }
  /** Writes the program's own configuration. */
  setUp(place: Place): Start
}

const PROMPT = 'Say hello.'

function write(path: string, content: object | string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2))
}

const urlOf = ({ modelPort }: Place) => `http://127.0.0.1:${modelPort}`

export const PROGRAMS: readonly Program[] = [
  {
    harness: 'codex',
    title: 'Codex CLI',
    packageName: '@openai/codex',
    version: '0.171.0',
    moments: [['start'], 'tool', 'stop'],
    wakes: {
      ready: /Ask Codex|Hooks need review/,
      command: ({ command: [program = ''] }) => [program, '--dangerously-bypass-hook-trust'],
    },
    setUp(place) {
      const { home, work, installed } = place
      // It offers apply_patch to models of the newer name, and hides the tools of MCP servers from them until they search.
      write(
        join(home, '.codex/config.toml'),
        `model = "${place.isEditing ? 'gpt-5.5' : 'gpt-5.4'}"
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
      const program = join(installed, 'node_modules/.bin/codex')
      const flags = ['exec', '--skip-git-repo-check', '--dangerously-bypass-hook-trust']
      return { command: [program, ...flags, PROMPT], env: { SCRIPTED_KEY: 'dummy' } }
    },
  },
  {
    harness: 'claude',
    title: 'Claude Code',
    packageName: '@anthropic-ai/claude-code',
    version: '2.1.332',
    moments: [['start'], 'tool', 'stop'],
    wakes: { ready: /auto mode|shortcuts/, command: ({ command: [program = ''] }) => [program] },
    setUp(place) {
      const { home, work, installed } = place
      write(join(home, '.claude/settings.json'), { permissions: { allow: ['Bash', 'Write'] } })
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
      return { command: [program, '-p', '--', PROMPT], env }
    },
  },
  {
    harness: 'gemini',
    title: 'Gemini CLI',
    packageName: '@google/gemini-cli',
    version: '0.61.0',
    moments: [['start'], 'tool', 'stop'],
    setUp(place) {
      const { home, installed } = place
      write(join(home, '.gemini/settings.json'), {
        security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
        general: { enableAutoUpdate: false, disableAutoUpdate: true, disableUpdateNag: true },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
      })
      const env = {
        GEMINI_API_KEY: 'dummy',
        GOOGLE_GEMINI_BASE_URL: urlOf(place),
        GEMINI_TELEMETRY_ENABLED: 'false',
      }
      const program = join(installed, 'node_modules/.bin/gemini')
      const flags = ['--allowed-tools', 'run_shell_command,write_file', '-m', 'gemini-2.5-flash']
      return { command: [program, ...flags, '-p', PROMPT], env }
    },
  },
  {
    harness: 'qwen',
    title: 'Qwen Code',
    packageName: '@qwen-code/qwen-code',
    version: '0.24.4',
    moments: [['start'], 'tool', 'stop'],
    wakes: {
      ready: /Type your message/,
      command: ({ command: [program = ''] }) => [program, '--yolo'],
      background: true,
    },
    setUp(place) {
      const { home, installed } = place
      write(join(home, '.qwen/settings.json'), {
        security: { auth: { selectedType: 'openai' }, folderTrust: { enabled: false } },
        general: { enableAutoUpdate: false, disableAutoUpdate: true, disableUpdateNag: true },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
      })
      const env = {
        OPENAI_API_KEY: 'dummy',
        OPENAI_BASE_URL: `${urlOf(place)}/v1`,
        OPENAI_MODEL: 'lab-model',
        QWEN_TELEMETRY_ENABLED: 'false',
      }
      // Without it there is no shell for the model where nobody can be asked.
      return { command: [join(installed, 'node_modules/.bin/qwen'), '--yolo', '-p', PROMPT], env }
    },
  },
  {
    harness: 'copilot',
    title: 'Copilot CLI',
    packageName: '@github/copilot',
    version: '1.0.102',
    moments: [['start', 'prompt'], 'tool', 'stop'],
    wakes: {
      ready: /\/ commands/,
      command: ({ command: [program = ''] }) => [program, '--disable-client-telemetry', '--allow-all-tools'],
      background: true,
      prepare: ({ home, work }) => write(join(home, '.copilot/config.json'), { trustedFolders: [work] }),
    },
    setUp(place) {
      const env = {
        COPILOT_OFFLINE: 'true',
        COPILOT_AUTO_UPDATE: 'false',
        COPILOT_PROVIDER_BASE_URL: `${urlOf(place)}/v1`,
        COPILOT_PROVIDER_API_KEY: 'dummy',
        COPILOT_PROVIDER_WIRE_API: 'completions',
        COPILOT_MODEL: 'lab-model',
      }
      const program = join(place.installed, 'node_modules/@github/copilot-linux-x64/copilot')
      const flags = [
        '--disable-client-telemetry',
        '--allow-tool=shell',
        '--allow-tool=write',
        '--allow-tool=arc',
      ]
      return { command: [program, ...flags, '-p', PROMPT], env }
    },
  },
  {
    harness: 'opencode',
    title: 'opencode',
    packageName: 'opencode-ai',
    version: '1.18.33',
    moments: [['prompt'], 'tool'],
    wakes: { ready: /Ask anything/, command: ({ command: [program = ''] }) => [program] },
    setUp(place) {
      const { home, installed } = place
      const model = { name: 'Scripted', tool_call: true, limit: { context: 100_000, output: 4_000 } }
      write(join(home, '.config/opencode/opencode.json'), {
        $schema: 'https://opencode.ai/config.json',
        autoupdate: false,
        share: 'disabled',
        model: 'scripted/lab-model',
        small_model: 'scripted/lab-model',
        enabled_providers: ['scripted'],
        provider: {
          scripted: {
            npm: '@ai-sdk/openai-compatible',
            name: 'Scripted',
            options: { baseURL: `${urlOf(place)}/v1`, apiKey: 'dummy' },
            models: { 'lab-model': model },
          },
        },
      })
      // With a plugin and without a network it waits over a minute for npm, and then loads the plugin all the same.
      write(join(home, '.npmrc'), 'fetch-retries=0\nregistry=http://127.0.0.1:9/\n')
      const env = {
        OPENCODE_DISABLE_AUTOUPDATE: '1',
        OPENCODE_DISABLE_MODELS_FETCH: '1',
        OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
        OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
      }
      const program = join(installed, 'node_modules/opencode-linux-x64/bin/opencode')
      return { command: [program, 'run', PROMPT], env }
    },
  },
]
