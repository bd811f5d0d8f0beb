// Qwen Code (0.24.4). UserPromptSubmit also comes before each further request of a turn, with an empty prompt.

import { CLAUDE_MOMENTS, type Harness, inContext, inDenial } from './harness.js'

export const qwen: Harness = {
  name: 'qwen',
  moments: { ...CLAUDE_MOMENTS, PreToolUse: 'edit' },
  answer: (event, moment, text) =>
    moment === 'stop'
      ? { decision: 'block', reason: text }
      : (moment === 'edit' ? inDenial : inContext)(event, text),
  hasOwnEnvironment: true,
}
