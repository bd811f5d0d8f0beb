// Claude Code (2.1.332). PostToolBatch comes once for a batch of parallel calls, after a denied one as well; PostToolUse comes
// after those alone that have succeeded. At a stop, a context is shown once and without an error; a `reason` would stand in the request twice.

import { CLAUDE_MOMENTS, type Harness, inContext, inDenial } from './harness.js'

export const claude: Harness = {
  name: 'claude',
  moments: { ...CLAUDE_MOMENTS, PreToolUse: 'edit', PostToolUseFailure: 'tool', PostToolBatch: 'tool' },
  answer: (event, moment, text) => (moment === 'edit' ? inDenial : inContext)(event, text),
  editsAt: 'PostToolUse',
  hasOwnEnvironment: true,
}
