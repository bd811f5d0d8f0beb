// Gemini CLI (0.61.0). It reads standard error where standard output is empty, and SessionEnd may come three times.

import { type Harness, inContext } from './harness.js'

export const gemini: Harness = {
  name: 'gemini',
  moments: {
    SessionStart: 'start',
    BeforeAgent: 'prompt',
    BeforeTool: 'edit',
    AfterTool: 'tool',
    AfterAgent: 'stop',
    SessionEnd: 'end',
  },
  answer: (event, moment, text) =>
    moment === 'stop' || moment === 'edit' ? { decision: 'deny', reason: text } : inContext(event, text),
  hasOwnEnvironment: true,
  isOneSession: true,
}
