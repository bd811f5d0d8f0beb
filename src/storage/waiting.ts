// Who waits for messages at the doors, together: none of them knows of those at the others.

import type { Waiting } from '../protocol/objects.js'
import type { DoorLink } from './feed.js'

/** A door that takes longer is not waited for: it has something heavy to do, or is going down. */
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
