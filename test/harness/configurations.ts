// Configurations as people have them: comments, other hooks and servers, odd order, tabs, Windows' line ends, byte order marks.

import type { SetupName } from '../../src/harness/places.js'

const EVENT: Readonly<Record<SetupName, string>> = {
  claude: 'Stop',
  codex: 'Stop',
  gemini: 'AfterTool',
  qwen: 'Stop',
  copilot: 'postToolUse',
  cursor: 'stop',
  opencode: 'none',
}

/** For any JSON file of a harness. */
export const anyJson = (harness: SetupName): Readonly<Record<string, string>> => ({
  'two spaces and comments': `{
  // mine
  "theme": "dark", /* odd   spacing */
  "hooks": {
    "${EVENT[harness]}": [
      { "hooks": [ { "type": "command", "command": "say done" } ] } // keep this first
    ],
    "Other": []
  },
  "mcpServers": {"x": {"command": "y"}},
  "mcp": {
    "x": { "type": "remote", "url": "https://example.org" } // far away
  }
}
`,
  'tabs and CRLF': '{\r\n\t"mcpServers": {},\r\n\t"mcp": {},\r\n\t"hooks": {}\r\n}\r\n',
  'one line': '{"version":1,"a":[1,2,3],"hooks":{"Other":[{"command":"x"}]}}',
  'a byte order mark': '\uFEFF{\n    "a": 1\n}\n',
  'trailing commas': '{\n  "a": [1, 2,],\n  "mcpServers": {\n    "x": {"command": "y",},\n  },\n}\n',
  'no line end': '{\n  "mcpServers": {\n    "x": {\n      "command": "y"\n    }\n  }\n}',
  empty: '',
})

/** A TOML file of Codex. */
export const TOML: Readonly<Record<string, string>> = {
  'comments, servers and projects': `# my configuration
model = "gpt-5.4"   # the good one
approval_policy = 'on-request'

[mcp_servers.docs]
command = "npx"
args = [
  "-y", # yes
  "docs-mcp",
]

[mcp_servers.docs.env]
"KEY" = "value"

[projects."/home/me/my project"]
trust_level = "trusted"

[[profiles.list]]
name = """
[mcp_servers.arc]
only a text
"""
# the end
`,
  CRLF: 'model = "gpt-5.4"\r\n\r\n[tui]\r\ntheme = "dark"\r\n',
  'no line end': '[tui]\ntheme = "dark"',
  'a byte order mark': '\uFEFFmodel = "x"\n',
  'dates and large numbers': 'since = 1979-05-27T07:32:00Z\nmany = 9223372036854775807\nnone = nan\n',
  empty: '',
}

/** Whole files, by their paths in the home folder. */
export const HOMES: Readonly<Record<SetupName, Readonly<Record<string, string>>>> = {
  claude: {
    '.claude/settings.json': `{
  "$schema": "https://json.schemastore.org/claude-code-settings.json",
  "permissions": {
    "allow": ["Bash(npm run lint)", "Read(~/.zshrc)"],
    "deny": ["Read(./.env)"]
  },
  "hooks": {
    "PostToolUse": [{ "matcher": "Edit|Write", "hooks": [{ "type": "command", "command": "prettier --write" }] }],
    "Stop": [
      {
        "hooks": [
          {
            "type": "command",
            "command": "afplay /System/Library/Sounds/Glass.aiff"
          }
        ]
      }
    ]
  },
  "statusLine": { "type": "command", "command": "~/.claude/statusline.sh" },
  "model": "opus"
}
`,
    '.claude.json': `{
  "numStartups": 412,
  "mcpServers": {
    "github": {
      "type": "http",
      "url": "https://api.example.org/mcp/"
    }
  },
  "projects": {
    "/home/me/website": {
      "allowedTools": [],
      "mcpServers": {},
      "hasTrustDialogAccepted": true
    }
  },
  "oauthAccount": {
    "emailAddress": "SECRET@example.org"
  }
}`,
  },
  codex: {
    '.codex/hooks.json':
      '{\n\t"hooks": {\n\t\t"Stop": [\n\t\t\t{"hooks": [{"type": "command", "command": "notify-send done"}]}\n\t\t]\n\t}\n}\n',
    '.codex/config.toml': TOML['comments, servers and projects'] as string,
  },
  gemini: {
    '.gemini/settings.json': `{
  "security": { "auth": { "selectedType": "oauth-personal" } },
  "mcpServers": {
    "figma": { "httpUrl": "http://127.0.0.1:3845/mcp" } // design
  },
  "ui": { "theme": "GitHub" }
}
`,
  },
  qwen: {
    '.qwen/settings.json':
      '{"security":{"auth":{"selectedType":"openai"}},"$version":3,"mcpServers":{"fetch":{"command":"uvx","args":["mcp-server-fetch"]}}}',
  },
  copilot: {
    '.copilot/mcp-config.json': `{
  "mcpServers": {
    "playwright": {
      "type": "local",
      "command": "npx",
      "tools": ["*"],
      "args": ["@playwright/mcp@latest"]
    }
  }
}
`,
  },
  cursor: {
    '.cursor/mcp.json':
      '{\r\n  "mcpServers": {\r\n    "postgres": { "command": "pg-mcp", "args": [] }\r\n  }\r\n}\r\n',
    '.cursor/hooks.json':
      '{\n  "version": 1,\n  "hooks": { "stop": [{ "command": "./audit.sh" }], "afterFileEdit": [{ "command": "./format.sh" }] }\n}\n',
  },
  opencode: {
    '.config/opencode/opencode.jsonc': `{
  "$schema": "https://opencode.ai/config.json",
  // the one that is fast
  "model": "anthropic/claude-sonnet-4-5",
  "mcp": {
    "sentry": {
      "type": "remote",
      "url": "https://mcp.example.org/mcp",
      "oauth": {}, // signs in by itself
    },
  },
  "plugin": ["opencode-helicone-session"],
}
`,
    '.config/opencode/plugins/mine.js': 'export const Mine = async () => ({})\n',
  },
}
