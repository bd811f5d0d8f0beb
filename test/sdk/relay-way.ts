// The way over files, for the suites: each room has a spool of its own.

import { join } from 'node:path'
import { ArcClient } from '../../src/sdk/index.js'
import type { Way } from './room.js'

export const relay: Way = {
  name: 'relay',
  connect: (_, hub, agentId, options) =>
    ArcClient.overRelay(agentId, { spoolDir: spoolOf(hub.storagePath), ...options }),
  hubOptions: (folder) => ({ spoolDir: join(folder, 'spool') }),
}

export const spoolOf = (storagePath: string) => join(storagePath, '..', 'spool')
