// Qwen Code (0.24.4). UserPromptSubmit also comes before each further request of a turn, with an empty prompt.

import { type Harness, inContext } from './harness.js'

export const qwen: Harness = {
  name: 'qwen',
  moments: {
    SessionStart: 'start',
    UserPromptSubmit: 'prompt',
    PostToolUse: 'tool',
    Stop: 'stop',
    SessionEnd: 'end',
  },
  answer: (event, moment, text) =>
    moment === 'stop' ? { decision: 'block', reason: text } : inContext(event, text),
  hasOwnEnvironment: true,
}
