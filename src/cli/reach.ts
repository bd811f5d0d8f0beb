// How a message reaches an agent that is here, from what the hub sees now.

import type { Session } from '../protocol/objects.js'

/**
 * `wakeable`: something waits for it at the hub, and acts at once. `at its next turn`: its program's hooks hand over what has
 * come when its model works next. `unreachable`: nothing looks, until the agent itself does.
 */
export type Reach = 'wakeable' | 'at its next turn' | 'unreachable'

export function reachOf({ agent_id: agentId, harness }: Session, waiting: ReadonlySet<string>): Reach {
  if (waiting.has(agentId)) return 'wakeable'
  return harness === undefined ? 'unreachable' : 'at its next turn'
}
