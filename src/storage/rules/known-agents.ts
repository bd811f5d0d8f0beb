// Agents that have had a session, by name: for a sender that has misspelt one.

import { nearNames } from '../../near-names.js'
import { all, type Rule } from './sql.js'

/** Agents that are looked through. */
const MOST_KNOWN = 5_000

/** The known agents whose ids are most like this one. */
export function* knownAgentsNear(agentId: string): Rule<string[]> {
  const known = yield* all('mailbox.known', { limit: MOST_KNOWN })
  return nearNames(
    agentId,
    known.map((row) => row.agent_id),
  )
}

/** `; did you mean "a" or "b"?` Empty without names. */
export function didYouMean(names: readonly string[]): string {
  return names.length === 0 ? '' : `; did you mean ${names.map((name) => `"${name}"`).join(' or ')}?`
}
