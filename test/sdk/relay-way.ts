// The way over files, for the suites: each room has a spool of its own.

import { join } from 'node:path'
import { ArcClient } from '../../src/sdk/index.js'
import type { Way } from './room.js'

export const relay: Way = {
  name: 'relay',
  connect: ({ folder }, agentId, options) =>
    ArcClient.overRelay(agentId, { spoolDir: spoolIn(folder), ...options }),
  hubOptions: (folder) => ({ spoolDir: spoolIn(folder) }),
}

export const spoolIn = (folder: string) => join(folder, 'spool')
