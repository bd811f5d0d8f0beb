// Asks all doors for their long-polls, streams and agents, and adds up the answers.

import type { Waiting } from '../protocol/objects.js'
import type { DoorLink } from './feed.js'

/** Milliseconds for a door's answer. A slower door is busy or closing, and is left out. */
const DOOR_MS = 500

export async function waitingAt(doors: Iterable<DoorLink>): Promise<Waiting> {
  const asked = await Promise.allSettled([...doors].map((door) => door.call('waiting', undefined, DOOR_MS)))
  const told = asked.flatMap((door) => (door.status === 'fulfilled' ? [door.value] : []))
  return {
    waiting_polls: told.reduce((sum, { waiting_polls }) => sum + waiting_polls, 0),
    waiting_agents: [...new Set(told.flatMap(({ waiting_agents }) => waiting_agents))],
    open_streams: told.reduce((sum, { open_streams }) => sum + open_streams, 0),
  }
}
