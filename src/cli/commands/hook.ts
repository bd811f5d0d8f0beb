// `arc hook`: what a harness calls at the moments of its model's work (src/harness/). `arc setup` writes the faster form of it, a
// program of its own, into the harness's configuration.
//
// It takes whatever it is given, and ends with 0: a harness takes another status for a refusal of the person's prompt.

import type { Command } from '../command.js'

const hook: Command = {
  args: {
    agent: {
      type: 'string',
      description: 'The agent (default: remembered, else named after its project)',
      valueHint: 'id',
    },
    harness: {
      type: 'positional',
      required: false,
      description: 'claude, codex, gemini, qwen, copilot or cursor',
    },
    event: {
      type: 'positional',
      required: false,
      description: 'The event, where the payload does not name it',
    },
  },
  examples: [
    ['arc hook claude < payload.json', 'what Claude Code would be told now'],
    ['arc setup claude', 'let Claude Code call it'],
  ],
  run: async ({ rawArgs }) => {
    const { main } = await import('../../harness/main.js')
    await main(rawArgs)
  },
}

export default hook
