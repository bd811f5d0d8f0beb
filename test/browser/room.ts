// A room of a browser test: a real hub, and agents by the real SDK.

import type { Test } from 'tap'
import type { Hub, HubOptions } from '../../src/actors/hub.js'
import { ArcClient } from '../../src/sdk/index.js'
import type { QuickstartOptions } from '../../src/sdk/options.js'
import { startTestHub } from '../support/hub.js'

export interface Room {
  readonly hub: Hub
  /** An agent that is here until the test ends. */
  agent(name: string, options?: QuickstartOptions): Promise<ArcClient>
}

export async function openRoom(t: Test, options?: Partial<HubOptions>): Promise<Room> {
  const hub = await startTestHub(t, options)
  return {
    hub,
    agent: async (name, given) => {
      const agent = await ArcClient.quickstart(name, { baseUrl: hub.url, ...given })
      t.teardown(() => agent.close())
      return agent
    },
  }
}
