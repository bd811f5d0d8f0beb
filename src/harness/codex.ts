// Codex CLI (0.171.0). It refuses unknown members, and knows no context at a stop. Its hooks may run in a daemon, with the
// environment of the first terminal that started it.

import { CLAUDE_MOMENTS, type Harness, inContext, inDenial } from './harness.js'

export const codex: Harness = {
  name: 'codex',
  moments: { ...CLAUDE_MOMENTS, PreToolUse: 'edit' },
  answer: (event, moment, text) =>
    moment === 'stop'
      ? { decision: 'block', reason: text }
      : (moment === 'edit' ? inDenial : inContext)(event, text),
  hasOwnEnvironment: false,
}
