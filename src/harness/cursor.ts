// Cursor (documented, not run here). Its prompt hook hands nothing to the model and must always answer. At a stop it can't
// hold the turn; the follow-up becomes the next message of the user.

import type { Harness } from './harness.js'

export const cursor: Harness = {
  name: 'cursor',
  moments: {
    sessionStart: 'start',
    postToolUse: 'tool',
    stop: 'stop',
    sessionEnd: 'end',
  },
  answer: (_event, moment, text) =>
    moment === 'stop' ? { followup_message: text } : { additional_context: text },
  silence: { beforeSubmitPrompt: { continue: true } },
  hasOwnEnvironment: true,
}
