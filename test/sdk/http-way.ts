// The way over sockets, for the suites.

import { ArcClient } from '../../src/sdk/index.js'
import type { Way } from './room.js'

export const http: Way = {
  name: 'http',
  connect: ({ hub }, agentId, options) => new ArcClient(agentId, { baseUrl: hub.url, ...options }),
}
