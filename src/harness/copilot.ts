// Copilot CLI (1.0.102). The spelling of an event in the configuration decides the spelling of the payload's members; in
// camelCase the payload does not name its event. It cuts what tools' hooks say at 10,240 characters. It calls the prompt's hook
// for its own notifications as well, and drops the answer.

import type { Harness } from './harness.js'

export const copilot: Harness = {
  name: 'copilot',
  moments: {
    sessionStart: 'start',
    SessionStart: 'start',
    userPromptSubmitted: 'prompt',
    UserPromptSubmit: 'prompt',
    postToolUse: 'tool',
    PostToolUse: 'tool',
    agentStop: 'stop',
    Stop: 'stop',
    sessionEnd: 'end',
    SessionEnd: 'end',
  },
  answer: (_event, moment, text) =>
    moment === 'stop' ? { decision: 'block', reason: text } : { additionalContext: text },
  deafAt: /^<system_notification>/,
  hasOwnEnvironment: true,
}
